"""When one client's patience, or ours with it, is at its end: without a clock or a socket of its own.

Three things are watched: that a newcomer sends a first frame, that a frame which was begun is finished, and that a
client which understands keepalive still lives. While we do not read from a client, nothing is counted against it. Used
by the reader's thread alone.
"""

from __future__ import annotations

from typing import NamedTuple

from virtloom.server.keepalive import Countdown, Verdict
from virtloom.server.limits import ServerLimits


class Finding(NamedTuple):
    """What to do with a client now, and why."""

    verdict: Verdict
    reason: str = ""


FINE = Finding(Verdict.FINE)


class Deadlines:
    """One client's deadlines. All times are of `time.monotonic()`.

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
