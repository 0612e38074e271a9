"""Who holds what, who waits for whom, which jobs there are, and what the checker found: as JSON has it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from typing import Any

from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Checker, LockManager
from virtloom.locks.checking.sites import Site
from virtloom.locks.watching.chains import Chain, chains
from virtloom.locks.watching.inspection import JobSnapshot, LockSnapshot, Party, snapshot
from virtloom.server.server import Server

Row = dict[str, Any]
Managers = Iterable[LockManager]
Servers = Iterable[Server]


def site_text(site: Site | None) -> str | None:
    """A place in the source, for people: its file as seen from where Python finds modules."""
    if site is None:
        return None
    roots = (root + os.sep for root in sys.path if root and site.file.startswith(root + os.sep))
    return str(site._replace(file=site.file.removeprefix(max(roots, key=len, default=""))))


class Names:
    """What the clients are called: their numbers, with the processes at their other ends."""

    def __init__(self, servers: Servers) -> None:
        self._known = {
            f"{prefix}{client.id}": f"{client.identity.process or '?'}[{client.identity.pid or '?'}]"
            for server in servers
            for prefix in (["admin "] if server.name == "admin" else [""])
            for client in server.clients()
        }

    def of(self, client: str | None) -> str | None:
        """A client for people: "7 virsh[1234]"."""
        if client is None:
            return None
        return f"{client} {self._known[client]}" if client in self._known else client

    def party(self, party: Party | None) -> Row | None:
        """A thread that holds or waits."""
        if party is None:
            return None
        return {
            "thread": party.thread,
            "api": party.api,
            "client": self.of(party.client),
            "seconds": round(party.seconds, 6),
        }


def locks_report(managers: Managers, servers: Servers) -> list[Row]:
    """Each lock: its level, its object, who holds it since when and where, and who waits for it, in order."""
    names = Names(servers)
    return [_lock(seen, names) for seen in snapshot(*managers).locks]


def _lock(seen: LockSnapshot, names: Names) -> Row:
    counted = seen.statistics
    return {
        "name": seen.name,
        "level": seen.level.name.lower(),
        "object": seen.object,
        "locked": seen.locked,
        "holder": names.party(seen.owner),
        "taken_at": site_text(seen.taken_at),
        "waiters": [names.party(waiter) for waiter in seen.waiters],
        "acquired": counted.acquired,
        "contended": counted.contended,
        "held_longest": counted.held_longest,
        "waited_longest": counted.waited_longest,
    }


def waits_report(servers: Servers) -> list[Row]:
    """The chains of threads that wait for one another, longest first."""
    names = Names(servers)
    return [_chain(chain, names) for chain in chains()]


def _chain(chain: Chain, names: Names) -> Row:
    outside = chain.outside
    return {
        "links": [{**(names.party(link.waiter) or {}), "wanted": link.wanted} for link in chain.links],
        "holder": names.party(chain.root),
        "holder_at": [site_text(site) for site in chain.root_stack],
        "outside": outside and {"what": outside.what, "seconds": round(time.monotonic() - outside.since, 6)},
        "circle": chain.root is None,
    }


def jobs_report(managers: Managers, servers: Servers) -> list[Row]:
    """Each job, running ones first and then those that wait, in order, by object."""
    names = Names(servers)
    return [_job(seen, names) for seen in snapshot(*managers).jobs]


def _job(seen: JobSnapshot, names: Names) -> Row:
    progress = {name: value for name, value in seen.progress._asdict().items() if value is not None}
    return {
        "number": seen.number,
        "driver": seen.scope,
        "object": seen.object_name,
        "kind": seen.kind,
        "slot": seen.slot,
        "state": "running" if seen.running else "waiting",
        "owner": names.party(seen.party),
        "ended_by": seen.ended_by,
        "progress": progress,
        "allowed": list(seen.allowed),
    }


def abort_job(managers: Managers, number: int, reason: str) -> Row:
    """Tell a long job to stop; its caller gets OPERATION_ABORTED when it has.

    :param number: the job's; :param reason: what its caller is told.
    :raises VirtError: OPERATION_INVALID if there is no such job that could be aborted.
    """
    for obj in (obj for manager in managers for obj in manager.objects):
        job = obj.jobs.abort(reason, number)
        if job is not None:
            return {"object": obj.name, "api": job.api, "client": job.client}
    seen = next((job for job in snapshot(*managers).jobs if job.number == number), None)
    if seen is None:
        why = f"no job {number} is running"
    else:
        why = f"job {number} on {seen.object_name} cannot be aborted: it {'is short' if seen.running else 'waits'}"
    raise VirtError(ErrorCode.OPERATION_INVALID, why, hint="'virtloom jobs' lists them")


def findings_report(checker: Checker) -> list[Row]:
    """What the checker found, oldest first."""
    return [
        {
            "rule": found.rule.name,
            "says": found.rule.value,
            "detail": found.detail,
            "thread": found.thread,
            "api": found.api,
            "client": found.client,
            "object": found.object,
            "stack": [site_text(site) for site in found.stack],
            "other": site_text(found.other),
        }
        for found in checker.findings
    ]


def order_report(checker: Checker) -> list[Row]:
    """Which class of locks was taken while which other was held, and where that was seen first."""
    return [
        {
            "held": edge.held.name,
            "held_level": edge.held.level.name.lower(),
            "taken": edge.taken.name,
            "taken_level": edge.taken.level.name.lower(),
            "first": site_text(edge.stack[0] if edge.stack else None),
        }
        for edge in checker.graph.edges()
    ]
