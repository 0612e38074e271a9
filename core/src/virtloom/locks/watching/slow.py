"""Slow locks: what is told of a lock that was held for longer than the configuration allows."""

from __future__ import annotations

from typing import NamedTuple

from virtloom.locks.checking.sites import Site


class SlowLock(NamedTuple):
    """A lock that is or was held for long.

    :ivar lock: its name.
    :ivar seconds: for how long.
    :ivar thread: the name of the holder's thread.
    :ivar api: what the holder was called for.
    :ivar client: who called.
    :ivar waiting: how many wait for it.
    :ivar released: whether it was just released; otherwise somebody has waited for it too long.
    :ivar stack: where the holder is, or where it released the lock; innermost line first; the line that
        took it, where a thread cannot be looked at.
    """

    lock: str
    seconds: float
    thread: str
    api: str | None
    client: str | None
    waiting: int
    released: bool
    stack: tuple[Site, ...]

    def __str__(self) -> str:
        whose = f" in {self.api}" if self.api else ""
        held = f"{self.lock} {'was' if self.released else 'is'} held for {self.seconds:.3f} s by {self.thread}{whose}"
        lines = "".join(f"\n  {site}" for site in self.stack)
        return f"{held}, {self.waiting} waiting{lines}"
