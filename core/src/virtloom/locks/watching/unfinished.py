"""What has begun and not ended: the holds, waits, jobs and calls of this moment, as spans for a recording.

A hung guest shows in a trace by what does not end; so a recording is completed by these.
"""

from __future__ import annotations

import time

from virtloom.locks.context import RECORDS, ThreadRecord
from virtloom.locks.watching.recorder import Span
from virtloom.locks.watching.watch import job_span

STATE = "not ended yet"


def unfinished() -> list[Span]:
    """All of them, ended now."""
    now = time.monotonic()
    return [span for record in RECORDS.all() for span in _of(record, now)]


def _of(record: ThreadRecord, now: float) -> list[Span]:
    name, (api, client) = record.thread.name, record.call

    def span(kind: str, what: str, since: float, detail: str = "", key: int = 0) -> Span:
        return Span(kind, what, name, since, now, detail, client, "", STATE, key)

    spans = [job_span(job, now, STATE) for job in list(record.jobs) if job.runs]
    spans += [span("hold", lock.name, lock.since or now, api or "", id(lock)) for lock in list(record.held)]
    if api is not None:
        spans.append(span("call", api, record.since))
    wait = record.waiting_for
    if wait is not None:
        spans.append(span("wait", wait.wanted, wait.since, api or ""))
    return spans
