"""Waiting for sockets, and for a client that calls back to back without falling asleep between its calls.

Going to sleep and being woken up costs such a client as much as its call, and the processor as much as looking again
and again for as long. So who has had many calls of one client alone, each soon after the last, looks for the next one
until it is later than ever, and only then sleeps. Where that was in vain, or somebody else called, it is to be earned
anew: a client that thinks for longer, and a machine that has other work, cost one look in vain of so many calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

SOON = 0.00005  # seconds; a client that is written in C comes again within the half of it
STEADY = 30  # calls of one client in a row, each that soon, after which the next one is looked for

Ready = Sequence[tuple[int, int]]
Poll = Callable[[float | None], Ready]


class Attention:
    """One thread's waiting.

    :param poll: waits so many seconds at most, None for ever, and tells which descriptors are ready for what.
    """

    __slots__ = ("_last", "_poll", "_steady")

    def __init__(self, poll: Poll) -> None:
        self._poll = poll
        self._last = -1
        self._steady = 0

    def wait(self, timeout: float | None) -> Ready:
        """What is ready, within so many seconds."""
        begun = time.monotonic()
        ready = self._look_out(begun + SOON) if self._steady >= STEADY else ()
        ready = ready or self._poll(timeout)
        if len(ready) == 1 and ready[0][0] == self._last and time.monotonic() - begun < SOON:
            self._steady += 1
        else:
            self._steady = 0
            self._last = ready[0][0] if ready else -1
        return ready

    def _look_out(self, until: float) -> Ready:
        while time.monotonic() < until:
            if ready := self._poll(0):
                return ready
        return ()
