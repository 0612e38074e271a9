"""Rules for one attribute: the words or the numbers that it takes, and what is said of anything else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node

UINT = (0, (1 << 32) - 1)
INT = (-(1 << 31), (1 << 31) - 1)
POSITIVE_INT = (0, (1 << 31) - 1)
ULONG = (0, (1 << 64) - 1)
LONG = (-(1 << 63), (1 << 63) - 1)
DIGITS = {
    0: re.compile(r"\s*[+-]?(0[xX][0-9a-fA-F]+|[0-9]+)", re.ASCII),
    8: re.compile(r"\s*[+-]?([0-7]+)", re.ASCII),
    10: re.compile(r"\s*[+-]?([0-9]+)", re.ASCII),
    16: re.compile(r"\s*[+-]?(?:0[xX])?([0-9a-fA-F]+)", re.ASCII),
}
MOST_DIGITS = 40
SHORT, REMEMBERED = 12, 256  # characters of a text whose answer is remembered, and how many of a rule's are


@dataclass(frozen=True)
class Rule:
    """What one attribute may hold.

    :ivar fits: whether it may hold a text; a text is returned if libvirt says more of it.
    :ivar needed: whether it has to be there.
    :ivar invalid: the whole message where libvirt has one of its own, with {} for the value.
    :ivar missing: the same for an attribute that is not there; :ivar domain: which part of libvirt says so.
    """

    name: str
    fits: Callable[[str], bool | str]
    needed: bool = False
    invalid: str = ""
    invalid_code: ErrorCode = ErrorCode.CONFIG_UNSUPPORTED
    missing: str = ""
    missing_code: ErrorCode = ErrorCode.INTERNAL_ERROR
    domain: ErrorDomain = ErrorDomain.DOMAIN

    def check(self, node: Node) -> None:
        """Hold an element against the rule.

        :raises VirtError: if it does not keep it.
        """
        value = node.attrs.get(self.name)
        if value is None:
            if self.needed:
                raise self._missing(node.tag)
            return
        answer = self.fits(value)
        if answer is not True:
            raise self._invalid(node.tag, value, answer or "")

    def _missing(self, tag: str) -> VirtError:
        if self.missing:
            return VirtError(self.missing_code, self.missing, self.domain)
        detail = f"Missing required attribute '{self.name}' in element '{tag}'"
        return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)

    def _invalid(self, tag: str, value: str, more: str) -> VirtError:
        if self.invalid:
            return VirtError(self.invalid_code, self.invalid.format(value), self.domain)
        shown = more if "Zero" in more else f" '{value}'.{more}"
        return VirtError(
            ErrorCode.XML_ERROR,
            f"Invalid value for attribute '{self.name}' in element '{tag}':{shown}",
            ErrorDomain.XML,
        )


def word(name: str, choice: str | Iterable[str]) -> Rule:
    """An attribute that holds one of some words.

    :param choice: the words, in one text with spaces between.
    """
    known = frozenset(choice.split() if isinstance(choice, str) else choice)
    return Rule(name, known.__contains__)


def words(names: str, choice: str | Iterable[str]) -> tuple[Rule, ...]:
    """Several attributes that hold one of the same words."""
    return tuple(word(name, choice) for name in names.split())


def flags(names: str) -> tuple[Rule, ...]:
    """Attributes that hold yes or no."""
    return words(names, "yes no")


def switches(names: str) -> tuple[Rule, ...]:
    """Attributes that hold on or off."""
    return words(names, "on off")


def number(name: str, span: tuple[int, int] = UINT, base: int = 10, zero: bool = True) -> Rule:
    """An attribute that holds a whole number.

    :param span: the least and the most.
    :param base: 8, 10, 16, or 0 for what the number's first digits say.
    """
    low, high = span
    expected = " Expected integer value" if low < 0 else " Expected non-negative integer value"

    def fits(text: str) -> bool | str:
        found = DIGITS[base].fullmatch(text)
        if found is None or len(text) > MOST_DIGITS:
            return expected
        value = _value(found[1], base) * (-1 if "-" in text else 1)
        if not low <= value <= high:
            return expected
        return True if zero or value else " Zero is not permitted"

    return Rule(name, _remembered(fits))


def _remembered(fits: Callable[[str], bool | str]) -> Callable[[str], bool | str]:
    """The same answers, remembered for short texts: a guest's addresses are the same few numbers again and again."""
    known = lru_cache(REMEMBERED)(fits)
    return lambda text: known(text) if len(text) <= SHORT else fits(text)


def numbers(names: str, span: tuple[int, int] = UINT, base: int = 10, zero: bool = True) -> tuple[Rule, ...]:
    """Several attributes that hold a whole number of the same span."""
    return tuple(number(name, span, base, zero) for name in names.split())


def _value(digits: str, base: int) -> int:
    if base:
        return int(digits, base)
    if digits[:2].lower() == "0x":
        return int(digits, 16)
    return int(digits, 8 if digits[0] == "0" and digits.strip("01234567") == "" else 10)


def loose(*rules: Rule) -> tuple[Rule, ...]:
    """The attributes count as missing when they are empty (libvirt reads them with an XPath expression)."""
    return tuple(replace(rule, fits=_or_empty(rule.fits)) for rule in rules)


def _or_empty(fits: Callable[[str], bool | str]) -> Callable[[str], bool | str]:
    return lambda text: not text or fits(text)


def must(*rules: Rule) -> tuple[Rule, ...]:
    """The attributes have to be there."""
    return tuple(replace(rule, needed=True) for rule in rules)


def told(
    rule: Rule,
    invalid: str = "",
    invalid_code: ErrorCode = ErrorCode.CONFIG_UNSUPPORTED,
    missing: str = "",
    missing_code: ErrorCode = ErrorCode.INTERNAL_ERROR,
    domain: ErrorDomain = ErrorDomain.DOMAIN,
) -> Rule:
    """The rule with libvirt's own words for this attribute; with words for its absence, it has to be there."""
    return replace(
        rule,
        invalid=invalid,
        invalid_code=invalid_code,
        missing=missing,
        missing_code=missing_code,
        domain=domain,
        needed=rule.needed or bool(missing),
    )


def below(paths: Iterable[str], table: dict[str, tuple[Rule, ...]]) -> dict[str, tuple[Rule, ...]]:
    """A table for every one of some elements, which share what stands in them; "" is the element itself."""
    return {f"{path}/{part}".rstrip("/"): rules for path in paths for part, rules in table.items()}
