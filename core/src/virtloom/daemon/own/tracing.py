"""Recording what happens for a while, and handing the trace out in pieces.

Guarantees: one recording at a time, which ends by itself when its time is over, whoever asked for it; memory is bounded
by the recorder's limit, and the last trace is kept until the next begins.
"""

from __future__ import annotations

import time
from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Checker, Level, LockManager
from virtloom.locks.watching.perfetto import trace_events
from virtloom.locks.watching.recorder import Recorder
from virtloom.locks.watching.unfinished import unfinished

MAX_SECONDS = 600
PIECE = 20_000  # events: some 5 MB as JSON, a third of what one answer may have


class Tracing:
    """The recordings of one daemon.

    :param checker: whose locks are recorded.
    :param locks: makes its lock, which guards who records and the last trace.
    """

    def __init__(self, checker: Checker, locks: LockManager) -> None:
        self._watch = checker.watch
        self._lock = locks.lock("tracing", Level.LEAF)
        self._recorder: Recorder | None = None
        self._events: list[dict[str, Any]] = []

    def start(self, milliseconds: int) -> dict[str, Any]:
        """Begin to record.

        :param milliseconds: for how long, unless `stop` comes before.
        :raises VirtError: INVALID_ARG for a time that cannot be, OPERATION_INVALID if somebody records already.
        """
        seconds = milliseconds / 1000
        if not 0 < seconds <= MAX_SECONDS:
            raise _refused(ErrorCode.INVALID_ARG, f"a trace takes between 0 and {MAX_SECONDS} seconds, not {seconds:g}")
        with self._lock:
            if self._recorder is not None and time.monotonic() < self._recorder.end:
                raise _refused(ErrorCode.OPERATION_INVALID, "a trace is being recorded already")
            self._recorder = self._watch.record(seconds)
            self._events = []
        return {"seconds": seconds}

    def stop(self) -> dict[str, Any]:
        """End the recording; how many events it has, and how many things were dropped because there were too many.

        :raises VirtError: OPERATION_INVALID if nobody records.
        """
        with self._lock:
            recorder, self._recorder = self._recorder, None
        if recorder is None:
            raise _refused(ErrorCode.OPERATION_INVALID, "no trace is being recorded")
        spans = recorder.spans + unfinished()
        self._watch.stop_recording()
        events = trace_events(spans, recorder.begin)
        with self._lock:
            self._events = events
        return {"events": len(events), "dropped": recorder.dropped, "piece": PIECE}

    def piece(self, offset: int) -> list[dict[str, Any]]:
        """The events of the last trace from one on, as many as one answer takes."""
        with self._lock:
            return self._events[offset : offset + PIECE]


def _refused(code: ErrorCode, text: str) -> VirtError:
    return VirtError(code, text, ErrorDomain.ADMIN)
