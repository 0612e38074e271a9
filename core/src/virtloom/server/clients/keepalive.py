"""Asking a quiet client whether it lives: the countdown, without a clock or a socket of its own.

Behaviour: libvirt's `virKeepAlive`. A client is asked only after it said that it understands the question; any frame
from it starts the countdown anew; while we do not read from it, it is not counted against it.
"""

from __future__ import annotations

from enum import Enum, auto

from virtloom.wire import keepalive
from virtloom.wire.frames import pack
from virtloom.wire.message import Header, MessageType, Status

PROGRAM = keepalive.PROGRAM.number
VERSION = keepalive.PROGRAM.version
PING = 1
PONG = 2


def _frame(procedure: int) -> bytes:
    return pack(Header(PROGRAM, VERSION, procedure, MessageType.MESSAGE, 0, Status.OK), b"")


PING_FRAME = _frame(PING)
PONG_FRAME = _frame(PONG)


class Verdict(Enum):
    """What the countdown says."""

    FINE = auto()
    ASK = auto()
    DEAD = auto()


class Countdown:
    """One client's countdown. Used by one thread.

    :param interval: seconds of silence before each question; 0 asks never.
    :param count: unanswered questions before the client counts as dead.
    """

    __slots__ = ("_asked", "_count", "_interval", "_since", "_started")

    def __init__(self, interval: float, count: int) -> None:
        self._interval = interval
        self._count = count
        self._asked = 0
        self._since = 0.0
        self._started = False

    def start(self, now: float) -> None:
        """The client understands the question. Starting twice changes nothing."""
        if self._interval > 0 and not self._started:
            self._started = True
            self.heard(now)

    def heard(self, now: float) -> None:
        """A frame came, or we begin to read again."""
        self._since = now
        self._asked = 0

    def due(self) -> float | None:
        """When to look again, or None for never."""
        return self._since + self._interval if self._started else None

    def look(self, now: float) -> Verdict:
        """What to do at `now`."""
        due = self.due()
        if due is None or now < due:
            return Verdict.FINE
        if self._asked >= self._count:
            return Verdict.DEAD
        self._asked += 1
        self._since = now
        return Verdict.ASK
