"""The clock of the played hosts: the real one, until a test stops it or moves it.

Guarantees: it never goes back by itself. Statistics, creation times, the progress of jobs and leases are read from it;
deadlines of the daemon are not, so a stopped clock stops no timeout.
Locks: a leaf lock for its few fields.
"""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Level, LockManager

SECOND = 1_000_000_000  # ns


class _Reading(NamedTuple):
    """The clock since its last change: what it showed, and when that was (`time.monotonic_ns`)."""

    shown: int
    since: int
    rate: float


class Clock:
    """A clock.

    :param locks: the plugin's lock manager.
    :param start: what it shows at first, in seconds since 1970; None for the real time.
    :param running: whether it runs.
    """

    def __init__(self, locks: LockManager, start: float | None = None, *, running: bool = True) -> None:
        self._lock = locks.lock("clock", Level.LEAF)
        shown = time.time_ns() if start is None else int(start * SECOND)
        self._reading = _Reading(shown, time.monotonic_ns(), 1.0 if running else 0.0)
        self._moved = threading.Event()  # set and replaced at each change, to wake who waits

    def now_ns(self) -> int:
        """Nanoseconds since 1970."""
        shown, since, rate = self._reading
        return shown + int((time.monotonic_ns() - since) * rate)

    def now(self) -> float:
        """Seconds since 1970."""
        return self.now_ns() / SECOND

    def change(self, *, to: float | None = None, by: float = 0.0, rate: float | None = None) -> None:
        """Move the clock, or let it run faster, slower or not at all.

        :param to: seconds since 1970; :param by: seconds to add.
        :param rate: how many of its seconds a real one has; 0 stops it.
        :raises VirtError: INVALID_ARG for a negative rate.
        """
        if rate is not None and rate < 0:
            raise VirtError(ErrorCode.INVALID_ARG, "a clock's rate must not be negative")
        with self._lock:
            base = self.now_ns() if to is None else int(to * SECOND)
            kept = self._reading.rate if rate is None else rate
            self._reading = _Reading(base + int(by * SECOND), time.monotonic_ns(), kept)
            moved, self._moved = self._moved, threading.Event()
        moved.set()

    def wait(self, until_ns: int, at_most: float) -> bool:
        """Wait for a time of the clock, with no lock held.

        :param at_most: real seconds to wait.
        :return: whether that time has come.
        """
        moved = self._moved
        shown, since, rate = self._reading
        left = until_ns - shown - (time.monotonic_ns() - since) * rate
        if left > 0:
            moved.wait(min(at_most, left / SECOND / rate) if rate else at_most)
        return self.now_ns() >= until_ns

    def describe(self) -> dict[str, float]:
        """What it shows and how fast it runs."""
        return {"now": self.now(), "rate": self._reading.rate}
