"""Figures of a running daemon: of locks by class, jobs by kind and state, workers, and calls by procedure.

Times are histograms by powers of two of a microsecond. Counters only grow, for as long as the daemon runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from virtloom.locks import Checker, LockManager
from virtloom.locks.watching.figures import Durations, Tally
from virtloom.locks.watching.inspection import snapshot
from virtloom.server.server import Server

Row = dict[str, Any]


def figures_report(managers: Iterable[LockManager], servers: Iterable[Server], checker: Checker) -> Row:
    """All figures of this moment."""
    servers = tuple(servers)
    return {
        "locks": [
            {
                "class": seen.name,
                "level": seen.level.name.lower(),
                "held": histogram(seen.held.sum()),
                "waited": histogram(seen.waited.sum()),
            }
            for seen in checker.graph.classes()
        ],
        "jobs": _jobs(managers),
        "workers": [row for server in servers for row in _workers(server)],
        "clients": [_clients(server) for server in servers],
        "calls": [{"api": api, "took": histogram(took.sum())} for api, took in _calls(checker)],
        "findings": dict(Counter(finding.rule.name for finding in checker.findings)),
    }


def histogram(durations: Durations) -> Row:
    """Durations as pairs of an upper bound in seconds and how many took less, with their count and their sum."""
    return {"buckets": durations.buckets(), "count": durations.count, "sum": durations.total}


def _calls(checker: Checker) -> list[tuple[str, Tally]]:
    return sorted(checker.watch.calls.copy().items(), key=lambda call: call[0])


def _jobs(managers: Iterable[LockManager]) -> list[Row]:
    counted = Counter((job.kind, "running" if job.running else "waiting") for job in snapshot(*managers).jobs)
    return [{"kind": kind, "state": state, "count": count} for (kind, state), count in sorted(counted.items())]


def _workers(server: Server) -> Iterable[Row]:
    for kind, crew in zip(("ordinary", "priority"), server.workers.status(), strict=True):
        busy = crew.threads - crew.idle - crew.waiting
        states = {"idle": crew.idle, "busy": max(0, busy), "waiting": crew.waiting}
        yield {"server": server.name, "kind": kind, "states": states, "queued": crew.queued}


def _clients(server: Server) -> Row:
    clients, anonymous = server.counts()
    return {"server": server.name, "clients": clients, "anonymous": anonymous}
