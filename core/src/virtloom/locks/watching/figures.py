"""Figures: how often, and a histogram of how long, for each class of locks and each procedure.

Guarantees: nothing is lost, although counting takes no lock, since each thread counts for itself; what ended threads
have counted is kept. Who asks adds it up, and may miss what is being counted in that moment.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from virtloom.locks.context import ThreadRecord

BUCKETS = 48  # by powers of two of a microsecond: the last one is longer than four years


class Durations:
    """How often something took how long.

    :ivar counts: how often it took less than 1, 2, 4, 8 ... microseconds, and not less than the number before.
    :ivar total: all of it, in seconds.
    """

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * BUCKETS
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[int(seconds * 1e6).bit_length()] += 1
        self.total += seconds

    def include(self, other: Durations) -> None:
        """Count all that another has counted."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.total += other.total

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def buckets(self) -> list[tuple[float, int]]:
        """For each upper bound in seconds, how many took less than that; up to the last that is used."""
        result, so_far = [], 0
        for place, count in enumerate(self.counts):
            so_far += count
            result.append((2.0**place / 1e6, so_far))
        last = max((place for place, count in enumerate(self.counts) if count), default=0)
        return result[: last + 1]


class Tally:
    """The durations of one thing, counted by many threads: each has its own part, `ThreadRecord.figures[tally]`."""

    __slots__ = ("_ended", "_mutex", "_parts")

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._parts: list[tuple[ref[ThreadRecord], Durations]] = []
        self._ended = Durations()  # what threads have counted that are no more

    def begin(self, thread: ThreadRecord) -> Durations:
        """A part for a thread that counts for the first time."""
        made = Durations()
        with self._mutex:
            self._gather()
            self._parts.append((ref(thread), made))
        return made

    def sum(self) -> Durations:
        """All that was counted so far."""
        result = Durations()
        with self._mutex:
            self._gather()
            for part in (self._ended, *(part for _, part in self._parts)):
                result.include(part)
        return result

    def _gather(self) -> None:
        """Under the mutex: add up the parts of threads that have ended, so that there are not ever more of them."""
        living = []
        for thread, part in self._parts:
            if thread() is None:
                self._ended.include(part)
            else:
                living.append((thread, part))
        self._parts = living


class OwnFigures(dict[Tally, Durations]):
    """A thread's part of each tally, begun when it is first asked for; used by that thread alone."""

    __slots__ = ("_thread",)

    def __init__(self, thread: ThreadRecord) -> None:
        self._thread = ref(thread)

    def __missing__(self, tally: Tally) -> Durations:
        thread = self._thread()
        assert thread is not None, "the figures of a thread that has ended are used"
        made = self[tally] = tally.begin(thread)
        return made
