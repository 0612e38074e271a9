"""What the threads do: the servers' workers, and the stack of every thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from typing import Any, NamedTuple, Self

from virtloom.daemon.own.lockstate import Names, site_text
from virtloom.locks.checking.sites import Site
from virtloom.locks.context import RECORDS, ThreadRecord
from virtloom.locks.watching.stacks import stacks
from virtloom.server.server import Server

Row = dict[str, Any]

STACK_DEPTH = 60
_LIBRARY = os.path.dirname(os.__file__) + os.sep


def workers_report(servers: Iterable[Server]) -> Row:
    """The crews of each server with their numbers, and what each of their threads does."""
    servers = tuple(servers)
    look = _Look.now(Names(servers))
    crews = []
    for server in servers:
        for kind, crew in zip(("ordinary", "priority"), server.workers.status(), strict=True):
            crews.append({"server": server.name, "kind": kind, **crew._asdict()})
    prefixes = tuple(f"{server.name}-" for server in servers)
    threads = [look.at(thread) for thread in threading.enumerate() if thread.name.startswith(prefixes)]
    return {"crews": crews, "threads": sorted(threads, key=lambda row: _by_number(row["thread"]))}


def stacks_report() -> list[Row]:
    """Where each thread is: what it does, and its stack, innermost line first, as far as that is known."""
    look = _Look.now(Names(()))
    return [
        {**look.at(thread), "stack": [site_text(site) for site in look.stack(thread)]}
        for thread in threading.enumerate()
    ]


class _Look(NamedTuple):
    """What is known of all threads at one moment, by their identifiers."""

    names: Names
    stacks: dict[int, tuple[Site, ...]]
    records: dict[int, ThreadRecord]

    @classmethod
    def now(cls, names: Names) -> Self:
        return cls(names, stacks(STACK_DEPTH), {record.thread.ident or 0: record for record in RECORDS.all()})

    def stack(self, thread: threading.Thread) -> tuple[Site, ...]:
        return self.stacks.get(thread.ident or 0, ())

    def at(self, thread: threading.Thread) -> Row:
        at = next((site for site in self.stack(thread) if not site.file.startswith(_LIBRARY)), None)
        row: Row = {"thread": thread.name, "state": "idle", "api": None, "client": None, "seconds": None}
        row |= {"waits_for": None, "holds": [], "at": site_text(at)}
        record = self.records.get(thread.ident or 0)
        return row if record is None else row | _doing(record, self.names)


def _doing(record: ThreadRecord, names: Names) -> Row:
    now, call, wait = time.monotonic(), record.call, record.waiting_for
    jobs = [f"{job.kind.value} job on {job.object_name}" for job in list(record.jobs)]
    doing: Row = {"holds": [lock.name for lock in list(record.held)] + jobs}
    if call.api is not None:
        doing |= {"state": "working", "api": call.api, "client": names.of(call.client)}
        doing["seconds"] = round(now - record.since, 6)
    outside = record.outside
    if outside is not None:
        doing |= {"state": "waiting", "waits_for": outside.what, "waited": round(now - outside.since, 6)}
    if wait is not None:
        doing |= {"state": "waiting", "waits_for": wait.wanted, "waited": round(now - wait.since, 6)}
    return doing


def _by_number(name: str) -> tuple[str, int]:
    """Sorts "worker-10" behind "worker-9"."""
    stem, _, number = name.rpartition("-")
    return (stem, int(number)) if number.isdigit() else (name, 0)
