"""Figures: how often, and a histogram of how long, for each class of locks and each procedure.

Assumes: the interpreter does not switch threads between reading and writing back one list item, which holds for
CPython with its global lock. Without it an increment may be lost now and then, which no figure is worth a lock for.
"""

from __future__ import annotations

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
