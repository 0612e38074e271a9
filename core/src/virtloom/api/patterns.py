"""Regular expressions that clients give: matched in time that grows with pattern and text, whatever both are.

The standard library's matcher goes back and tries again, which some expressions keep busy for years, and no other
thread runs meanwhile. Here all ways through an expression are gone at the same time (Thompson, CACM 1968). What one
character matches is still decided by `re`, so that classes and escapes mean what they mean there; what needs going
back (references, look-around, possessive repeats) is refused.

Guarantees: `search` takes at most `STEPS_MAX` steps for each of at most `TEXT_MAX` characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

PATTERN_MAX = 256  # characters of an expression
STEPS_MAX = 500  # of an expression whose repeats are written out
TEXT_MAX = 256  # characters; QEMU's longest event has some 40
COUNTED = re.compile(r"\{(?!\})(\d*)(?:(,)(\d*))?\}")
PLAIN = "dDwWsStnrfv"  # letters that stand for characters when they are escaped
BEGIN, END = "^", "$"


class Unsupported(ValueError):
    """It cannot be matched without going back, or is too large."""


class Step(NamedTuple):
    """One step of the ways through an expression.

    :ivar jumps: how far the next steps are away; :ivar one: what a character must match to get there.
    :ivar at: the edge of the text at which it must be passed.
    """

    jumps: tuple[int, ...] = (1,)
    one: re.Pattern[str] | None = None
    at: str | None = None


Steps = list[Step]


class Pattern:
    """A compiled expression.

    :raises re.error: if it is none.
    :raises Unsupported: if it is one that is refused.
    """

    def __init__(self, expression: str, *, ignore_case: bool = False) -> None:
        if len(expression) > PATTERN_MAX:
            raise Unsupported(f"it is longer than {PATTERN_MAX} characters")
        flags = re.IGNORECASE if ignore_case else 0
        re.compile(expression, flags)
        self._steps = _Parser(expression, flags).steps()

    def search(self, text: str) -> bool:
        """Whether it matches somewhere in a text; never in one of more than `TEXT_MAX` characters."""
        if len(text) > TEXT_MAX:
            return False
        ways: set[int] = set()
        for place in range(len(text) + 1):
            edges = ((BEGIN,) if place == 0 else ()) + ((END,) if place == len(text) else ())
            ways = self._reached({0, *ways}, edges)
            if len(self._steps) in ways:
                return True
            if place < len(text):
                ways = {way + 1 for way in ways if _takes(self._steps[way], text[place])}
        return False

    def _reached(self, ways: Iterable[int], edges: tuple[str, ...]) -> set[int]:
        """The steps that can be got to without a character."""
        seen: set[int] = set()
        left = list(ways)
        while left:
            way = left.pop()
            if way in seen:
                continue
            seen.add(way)
            step = self._steps[way] if way < len(self._steps) else None
            if step is not None and step.one is None and (step.at is None or step.at in edges):
                left += [way + jump for jump in step.jumps]
        return seen


def _takes(step: Step, character: str) -> bool:
    return step.one is not None and step.one.fullmatch(character) is not None


class _Parser:
    """From an expression that `re` takes to steps, by recursive descent."""

    def __init__(self, expression: str, flags: int) -> None:
        self._left = expression
        self._flags = flags

    def steps(self) -> Steps:
        return self._either()

    def _either(self) -> Steps:
        steps = self._sequence()
        while self._left.startswith("|"):
            self._left = self._left[1:]
            other = self._sequence()
            steps = _bounded([Step((1, len(steps) + 2)), *steps, Step((len(other) + 1,)), *other])
        return steps

    def _sequence(self) -> Steps:
        steps: Steps = []
        while self._left and self._left[0] not in "|)":
            steps = _bounded(steps + self._repeated(self._atom()))
        return steps

    def _atom(self) -> Steps:
        if self._left[0] == "(":
            return self._group()
        if self._left[0] in (BEGIN, END):
            return [Step(at=self._take(1))]
        return [Step(one=re.compile(self._take(self._width()), self._flags))]

    def _group(self) -> Steps:
        self._take(3 if self._left.startswith("(?:") else 1)
        if self._left.startswith("?"):
            raise Unsupported(f"'({self._left[:2]}' is not supported")
        steps = self._either()
        self._take(1)
        return steps

    def _width(self) -> int:
        """How long the pattern is of one character that comes next."""
        if self._left[0] == "\\":
            if self._left[1].isalnum() and self._left[1] not in PLAIN:
                raise Unsupported(f"'{self._left[:2]}' is not supported")
            return 2
        if self._left[0] != "[":
            return 1
        place = 2 if self._left[1] == "^" else 1
        place += self._left[place] == "]"
        while self._left[place] != "]":
            place += 2 if self._left[place] == "\\" else 1
        return place + 1

    def _repeated(self, steps: Steps) -> Steps:
        counted = COUNTED.match(self._left)
        if counted is not None:
            low, comma, high = counted.groups()
            self._take(counted.end())
            steps = _times(steps, int(low or 0), (int(high) if high else None) if comma else int(low))
        elif self._left[:1] and self._left[0] in "*+?":
            steps = _times(steps, *{"*": (0, None), "+": (1, None), "?": (0, 1)}[self._take(1)])
        else:
            return steps
        if self._left.startswith("+"):
            raise Unsupported("possessive repeats are not supported")
        if self._left.startswith("?"):  # which of several matches is found makes no difference here
            self._take(1)
        return steps

    def _take(self, count: int) -> str:
        taken, self._left = self._left[:count], self._left[count:]
        return taken


def _times(steps: Steps, low: int, high: int | None) -> Steps:
    """Steps so many times; without an end if there is no highest number."""
    size = len(steps) + 2
    if size * max(low, high or 0) > STEPS_MAX:
        raise Unsupported("its repeats are too many")
    made = steps * low
    if high is None:
        return _bounded([*made, Step((1, size)), *steps, Step((1 - size,))])
    for left in range(high - low, 0, -1):  # each may be the last
        made = [*made, Step((1, left * (size - 1))), *steps]
    return _bounded(made)


def _bounded(steps: Steps) -> Steps:
    if len(steps) > STEPS_MAX:
        raise Unsupported("it is too large")
    return steps
