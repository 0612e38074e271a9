"""When our patience with one client is at its end.

Three things are watched: that a newcomer sends a first frame, that a frame which was begun is finished, and that a
client which understands keepalive still lives. While we do not read from a client, nothing is counted against it. Used
by the reader's thread alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

from virtloom.server.clients.keepalive import Countdown, Verdict
from virtloom.server.limits import ServerLimits
from virtloom.server.reader import Reader


class Finding(NamedTuple):
    """What to do with a client now, and why."""

    verdict: Verdict
    reason: str = ""


FINE = Finding(Verdict.FINE)


class Deadlines:
    """One client's deadlines, without a clock of their own. All times are of `time.monotonic()`.

    :param now: when it connected.
    """

    __slots__ = ("_countdown", "_first", "_limits", "_partial", "_paused")

    def __init__(self, limits: ServerLimits, now: float) -> None:
        self._limits = limits
        self._countdown = Countdown(limits.keepalive_interval, limits.keepalive_count)
        self._first = now + limits.first_frame_timeout if limits.first_frame_timeout else None
        self._partial: float | None = None
        self._paused = False

    def start_keepalive(self, now: float) -> None:
        """The client understands keepalive."""
        self._countdown.start(now)

    def heard(self, frames: bool, partial: bool, now: float) -> None:
        """Bytes came.

        :param frames: whether they completed a frame.
        :param partial: whether a frame is begun and not complete.
        """
        self._countdown.heard(now)
        if frames:
            self._first = self._partial = None
        if not partial:
            self._partial = None
        elif self._partial is None and self._limits.partial_frame_timeout:
            self._partial = now + self._limits.partial_frame_timeout

    def pause(self) -> None:
        """We do not read from it for now."""
        self._paused = True

    def resume(self, now: float) -> None:
        """We read from it again."""
        self._paused = False
        self._countdown.heard(now)
        if self._partial is not None:
            self._partial = now + self._limits.partial_frame_timeout

    def due(self) -> float | None:
        """When to look next, or None."""
        if self._paused:
            return None
        times = [when for when in (self._first, self._partial, self._countdown.due()) if when is not None]
        return min(times) if times else None

    def look(self, now: float) -> Finding:
        """What to do at `now`."""
        if self._paused:
            return FINE
        if self._first is not None and now >= self._first:
            return Finding(Verdict.DEAD, f"nothing came from it in {self._limits.first_frame_timeout:g} seconds")
        if self._partial is not None and now >= self._partial:
            seconds = self._limits.partial_frame_timeout
            return Finding(Verdict.DEAD, f"a frame was not complete after {seconds:g} seconds")
        verdict = self._countdown.look(now)
        if verdict is Verdict.DEAD:
            return Finding(verdict, "connection closed due to keepalive timeout")
        return Finding(verdict)


class Vigil:
    """A client's deadlines, looked at when they are due.

    :param ask: sends the client the question whether it lives.
    :param give_up: ends the client, for a reason.
    """

    __slots__ = ("_ask", "_deadlines", "_ended", "_give_up", "_next", "_reader")

    def __init__(
        self, reader: Reader, limits: ServerLimits, ask: Callable[[], object], give_up: Callable[[str], None]
    ) -> None:
        self._reader = reader
        self._deadlines = Deadlines(limits, time.monotonic())
        self._ask = ask
        self._give_up = give_up
        self._next = math.inf
        self._ended = False

    def begin(self) -> None:
        """The client is there."""
        self._schedule()

    def end(self) -> None:
        """The client has gone."""
        self._ended = True

    def heard(self, frames: bool, partial: bool) -> None:
        """See `Deadlines.heard`."""
        self._deadlines.heard(frames, partial, time.monotonic())
        if (
            partial
        ):  # what was heard only moves the other deadlines away, and a timer that rings too early sets the next
            self._schedule()

    def pause(self) -> None:
        """See `Deadlines.pause`."""
        self._deadlines.pause()

    def resume(self) -> None:
        """See `Deadlines.resume`."""
        self._deadlines.resume(time.monotonic())
        self._schedule()

    def start_keepalive(self) -> None:
        """See `Deadlines.start_keepalive`."""
        self._deadlines.start_keepalive(time.monotonic())
        self._schedule()

    def _schedule(self) -> None:
        # One timer is enough: one that rings too early sets the next.
        due = self._deadlines.due()
        if due is not None and due < self._next:
            self._next = due
            self._reader.at(due, self._look)

    def _look(self) -> None:
        self._next = math.inf
        if self._ended:
            return
        finding = self._deadlines.look(time.monotonic())
        if finding.verdict is Verdict.DEAD:
            self._give_up(finding.reason)
            return
        if finding.verdict is Verdict.ASK:
            self._ask()
        self._schedule()
