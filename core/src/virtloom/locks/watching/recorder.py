"""A recording of what happens: each wait, hold, job and call with its begin and its end.

Guarantees: it costs a comparison while nobody records; it keeps the last `limit` spans, so its memory is bounded.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple

LIMIT = 500_000  # spans: some 100 MB at most, and about a minute of a busy daemon


class Span(NamedTuple):
    """Something that took time.

    :ivar kind: "hold", "wait", "job" or "call".
    :ivar name: the lock, the object or the API.
    :ivar thread: the name of the thread that it happened in.
    :ivar begin: end: seconds of `time.monotonic`.
    :ivar detail: the rest, in words: the API, or the job's kind.
    :ivar lane: for a job, its slot.
    :ivar key: tells locks of one name apart.
    :ivar state: "" if it ended while it was recorded.
    """

    kind: str
    name: str
    thread: str
    begin: float
    end: float
    detail: str = ""
    client: str | None = None
    lane: str = ""
    state: str = ""
    key: int = 0


class Recorder:
    """Keeps spans.

    :param begin: when it begins, in seconds of `time.monotonic`.
    :param seconds: how long it goes on at most, if nobody stops it.
    :param limit: how many spans at most; older ones are dropped, and counted.
    """

    def __init__(self, begin: float, seconds: float, limit: int = LIMIT) -> None:
        self.begin = begin
        self.end = begin + seconds
        self._spans: deque[Span] = deque(maxlen=limit)
        self._added = 0
        self._mutex = threading.Lock()

    def add(self, span: Span) -> None:
        """Keep one."""
        with self._mutex:
            self._spans.append(span)
            self._added += 1

    @property
    def spans(self) -> list[Span]:
        """Those that are kept, by their ends."""
        with self._mutex:
            return list(self._spans)

    @property
    def dropped(self) -> int:
        """How many were not."""
        with self._mutex:
            return self._added - len(self._spans)
