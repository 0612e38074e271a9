"""The kinds of value that attributes and texts hold: each turns a text into a value and back.

What does not fit raises libvirt's XML_ERROR with the attribute's and the element's name (`virXMLProp*` in
util/virxml.c).
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from virtloom.errors import ErrorCode, ErrorDomain, VirtError


class Misfit(ValueError):
    """A text is no value of a kind; the message, if any, follows libvirt's sentence about the attribute."""


class Kind:
    """A kind of value; the base is text as it stands."""

    def parse(self, text: str) -> Any:
        """The value of a text.

        :raises Misfit: if it has none.
        """
        return text

    def format(self, value: Any) -> str:
        """The text of a value."""
        return str(value)


_NUMBER = re.compile(r"[+-]?(0[xX][0-9a-fA-F]+|[0-9]+)", re.ASCII)


class Number(Kind):
    """A whole number in decimal, or in hexadecimal with 0x.

    :param low: high: its range.
    :param form: how it is written, such as "0x%02x".
    """

    def __init__(self, low: int = 0, high: int = (1 << 32) - 1, form: str = "%d", zero: bool = True) -> None:
        self._low = low
        self._high = high
        self._form = form
        self._zero = zero

    def parse(self, text: str) -> int:
        """See `Kind.parse`."""
        expected = " Expected non-negative integer value" if self._low >= 0 else " Expected integer value"
        stripped = text.strip()
        if not _NUMBER.fullmatch(stripped) or len(stripped) > 40:
            raise Misfit(expected)
        value = int(stripped, 16 if "x" in stripped.lower() else 10)
        if not self._low <= value <= self._high:
            raise Misfit(expected)
        if value == 0 and not self._zero:
            raise Misfit(" Zero is not permitted")
        return value

    def format(self, value: int) -> str:
        """See `Kind.format`."""
        return self._form % value


class Words(Kind):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def parse(self, text: str) -> str:
        """See `Kind.parse`."""
        if text not in self.words:
            raise Misfit
        return text


class Either(Kind):
    """A boolean, written as one of two words."""

    def __init__(self, true: str, false: str) -> None:
        self._true = true
        self._false = false

    def parse(self, text: str) -> bool:
        """See `Kind.parse`."""
        if text not in (self._true, self._false):
            raise Misfit
        return text == self._true

    def format(self, value: bool) -> str:
        """See `Kind.format`."""
        return self._true if value else self._false


class Uuid(Kind):
    """Sixteen bytes; the usual form and the one without hyphens are read (`virUUIDParse`)."""

    def parse(self, text: str) -> bytes:
        """See `Kind.parse`."""
        try:
            return UUID(text.strip()).bytes
        except ValueError:
            raise Misfit from None

    def format(self, value: bytes) -> str:
        """See `Kind.format`."""
        return str(UUID(bytes=value))


class Mac(Kind):
    """A MAC address: six numbers with colons between; kept in lower case (`virMacAddrParse`)."""

    def parse(self, text: str) -> str:
        """See `Kind.parse`."""
        parts = text.split(":")
        if len(parts) != 6 or not all(re.fullmatch(r"[0-9a-fA-F]{1,2}", part, re.ASCII) for part in parts):
            raise Misfit
        return ":".join(f"{int(part, 16):02x}" for part in parts)


class Bitmap(Kind):
    """A set of small numbers, as "0-3,^2,8" (`virBitmapParse`)."""

    def __init__(self, size: int = 16384) -> None:
        self._size = size

    def parse(self, text: str) -> frozenset[int]:
        """See `Kind.parse`."""
        members: set[int] = set()
        for part in text.strip().split(","):
            found = re.fullmatch(r"\s*(\^?)(\d{1,9})(?:-(\d{1,9}))?\s*", part, re.ASCII)
            if found is None:
                raise Misfit
            first, last = int(found[2]), int(found[3] or found[2])
            if last < first or last >= self._size or (found[1] and found[3]):
                raise Misfit
            members = members - {first} if found[1] else members | set(range(first, last + 1))
        return frozenset(members)

    def format(self, value: frozenset[int]) -> str:
        """See `Kind.format`."""
        runs: list[list[int]] = []
        for number in sorted(value):
            if runs and runs[-1][1] == number - 1:
                runs[-1][1] = number
            else:
                runs.append([number, number])
        return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


text = Kind()
uint = Number()
ulong = Number(0, (1 << 64) - 1)
integer = Number(-(1 << 31), (1 << 31) - 1)
positive = Number(zero=False)
yes_no = Either("yes", "no")
on_off = Either("on", "off")
uuid = Uuid()
mac = Mac()
cpus = Bitmap()


def hexadecimal(digits: int, high: int = (1 << 32) - 1) -> Number:
    """A number written as 0x with at least so many digits."""
    return Number(0, high, f"0x%0{digits}x")


def misfit(kind: Kind, element: str, attribute: str, value: str) -> VirtError:
    """The error for a value that is none of its kind, in libvirt's words."""
    try:
        kind.parse(value)
    except Misfit as error:
        reason = str(error)
        shown = reason if "Zero" in reason else f" '{value}'.{reason}"
        detail = f"Invalid value for attribute '{attribute}' in element '{element}':{shown}"
        return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
    raise AssertionError(f"{value!r} fits after all")


# Sizes: the unit's letters, and how many bytes it stands for (`virScaleInteger`).
_UNITS = {"": 1, "b": 1, "byte": 1, "bytes": 1}
for _power, _letter in enumerate("kmgtpe", 1):
    _UNITS |= {_letter: 1 << 10 * _power, f"{_letter}ib": 1 << 10 * _power, f"{_letter}b": 1000**_power}


def scaled(value: int, unit: str | None, scale: int = 1, limit: int = (1 << 64) - 1) -> int:
    """A size in bytes.

    :param value: the number.
    :param unit: its unit; None or "" takes `scale`.
    :param scale: bytes in one, without a unit.
    :raises VirtError: INVALID_ARG for an unknown unit, OVERFLOW past the limit.
    """
    factor = _UNITS.get(unit.lower()) if unit else scale
    if factor is None:
        raise VirtError(ErrorCode.INVALID_ARG, f"unknown suffix '{unit}'", ErrorDomain.NONE)
    if value * factor > limit:
        raise VirtError(ErrorCode.OVERFLOW, f"value too large: {value}{unit or ''}", ErrorDomain.NONE)
    return value * factor
