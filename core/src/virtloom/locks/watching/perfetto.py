"""A recording as a trace that ui.perfetto.dev and chrome://tracing open: one track a thread, and one an object.

The format is the "Trace Event Format" of Chromium's trace viewer: complete events ("ph": "X") whose times are
microseconds, and metadata events that name the tracks. Slices of a track must nest, to the nanosecond (Perfetto drops
one that ends after the slice that it began in), so beginnings and ends are rounded, not lengths; and an object has a
track for its lock and one for each kind of slot that its jobs sit in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from virtloom.locks.watching.recorder import Span

THREADS, OBJECTS = 1, 2  # "processes" of the trace: the groups of tracks

Event = dict[str, Any]


class _Tracks:
    """Numbers for tracks, in the order of their first use."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[int, str, int], int] = {}

    def number(self, group: int, name: str, key: int = 0) -> int:
        return self.numbers.setdefault((group, name, key), len(self.numbers) + 1)

    def metadata(self) -> list[Event]:
        groups = ((THREADS, "threads"), (OBJECTS, "locks and objects"))
        named = [_name("process_name", group, 0, title) for group, title in groups]
        return named + [_name("thread_name", group, number, name) for (group, name, _), number in self.numbers.items()]


def _name(kind: str, group: int, track: int, name: str) -> Event:
    return {"ph": "M", "name": kind, "pid": group, "tid": track, "args": {"name": name}}


def trace_events(spans: Iterable[Span], begin: float) -> list[Event]:
    """The events of a trace.

    :param begin: the time of `time.monotonic` that is the trace's zero; what began before is cut there.
    """
    tracks = _Tracks()
    events = [event for span in spans for event in _slices(span, begin, tracks)]
    events.sort(key=lambda event: (event["ts"], -event["dur"]))
    return tracks.metadata() + events


def _slices(span: Span, begin: float, tracks: _Tracks) -> Iterable[Event]:
    start, end = (max(0, round((time - begin) * 1e9)) for time in (span.begin, span.end))
    event: Event = {"ph": "X", "cat": span.kind, "ts": start / 1000, "dur": (end - start) / 1000}
    told = {"detail": span.detail, "client": span.client, "thread": span.thread, "state": span.state}
    event["args"] = {name: value for name, value in told.items() if value}
    if span.kind == "call":
        title = span.name
    else:
        title = f"{span.kind} {span.name}"
    if span.kind != "job":  # a job may outlast the call that began it, so it has no place on the thread's track
        yield {**event, "name": title, "pid": THREADS, "tid": tracks.number(THREADS, span.thread)}
    if span.kind in ("hold", "job"):
        lane = f"{span.name}: {span.lane} jobs" if span.lane else span.name
        shown = f"{span.detail or 'held'} ({span.thread})"
        yield {**event, "name": shown, "pid": OBJECTS, "tid": tracks.number(OBJECTS, lane, span.key)}
