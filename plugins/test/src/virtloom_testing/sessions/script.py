"""Which recorded call a client's call is: strictly, in the order of the recording, or loosely, by what it asks.

Locks: a script has one mutex of its own, since connections share it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from virtloom_testing.sessions.calls import Call


class Step(NamedTuple):
    """A recorded call beside the one that was made: one of them is None where the other has none like it."""

    recorded: Call | None
    made: Call | None

    @property
    def alike(self) -> bool:
        """Whether the call was made as it was recorded, with the same data on its stream."""
        if self.recorded is None or self.made is None or not self.recorded.asks(self.made):
            return False
        return self.recorded.uploaded == self.made.uploaded

    @property
    def answered_alike(self) -> bool:
        """Whether both calls, if there are both, were answered alike."""
        one, other = self
        if one is None or other is None:
            return True
        return (one.reply, one.error, one.lost) == (other.reply, other.error, other.lost)


class Script(Protocol):
    """A recording, and what was made of it."""

    def match(self, made: Call) -> Call | None:
        """The recorded call that a call is; None, and a difference, if there is none left like it."""
        ...

    def steps(self) -> dict[int, list[Step]]:
        """By connection, what was recorded beside what was made."""
        ...


class Strict:
    """Each connection makes the calls of the recorded connection of its number, in their order, with their arguments.

    A call that is made later than recorded ones leaves those out; one with other arguments takes the place of the
    recorded one; any other is new.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        self._mutex = threading.Lock()
        self._left: dict[int, list[Call]] = {}
        self._steps: dict[int, list[Step]] = {}
        for call in calls:
            self._left.setdefault(call.connection, []).append(call)

    def match(self, made: Call) -> Call | None:
        """See `Script`."""
        with self._mutex:
            left = self._left.setdefault(made.connection, [])
            steps = self._steps.setdefault(made.connection, [])
            place = next((at for at, recorded in enumerate(left) if recorded.asks(made)), None)
            if place is None:
                same = bool(left) and (left[0].program, left[0].name) == (made.program, made.name)
                steps.append(Step(left.pop(0) if same else None, made))
                return None
            steps += [Step(recorded, None) for recorded in left[:place]]
            steps.append(Step(left[place], made))
            found = left[place]
            del left[: place + 1]
            return found

    def steps(self) -> dict[int, list[Step]]:
        """See `Script`."""
        with self._mutex:
            numbers = sorted({*self._left, *self._steps})
            return {
                number: [*self._steps.get(number, ()), *(Step(call, None) for call in self._left.get(number, ()))]
                for number in numbers
            }


class Loose:
    """Any connection may make any recorded call, whenever and as often as it likes.

    Calls that ask the same are answered in the order of the recording, then as the last of them.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        self._mutex = threading.Lock()
        self._calls = calls
        self._used: dict[int, int] = {}  # by place, how often
        self._steps: dict[int, list[Step]] = {}

    def match(self, made: Call) -> Call | None:
        """See `Script`."""
        with self._mutex:
            fitting = [place for place, recorded in enumerate(self._calls) if recorded.asks(made)]
            place = next((one for one in fitting if one not in self._used), fitting[-1] if fitting else None)
            found = None if place is None else self._calls[place]
            if place is not None:
                self._used[place] = self._used.get(place, 0) + 1
            self._steps.setdefault(made.connection, []).append(Step(found, made))
            return found

    def steps(self) -> dict[int, list[Step]]:
        """See `Script`; what was recorded and is not made is no difference."""
        with self._mutex:
            return {number: list(steps) for number, steps in sorted(self._steps.items())}


def compare(recorded: Sequence[Call], made: Sequence[Call]) -> dict[int, list[Step]]:
    """Two recorded sessions beside each other, strictly."""
    script = Strict(recorded)
    for call in made:
        script.match(call)
    return script.steps()
