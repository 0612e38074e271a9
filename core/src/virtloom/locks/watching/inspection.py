"""Inspection: who holds what, who waits for whom, as values that no lock guards any more.

Guarantees: a snapshot is immutable. Taking one takes no lock of a driver or an object, so it works on a stuck
daemon.
Remaining race: the parts of a snapshot are read one after another. A thread may be seen as owner here and as
waiter there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from virtloom.locks.context import ThreadRecord
from virtloom.locks.guarded import Guarded
from virtloom.locks.job import Job, Progress
from virtloom.locks.levels import Level
from virtloom.locks.lock import Lock, LockStatistics
from virtloom.locks.manager import LockManager


class Party(NamedTuple):
    """A thread that holds or waits for something.

    :ivar thread: its name.
    :ivar api: what it is called for.
    :ivar client: who called.
    :ivar seconds: for how long it has held or waited.
    """

    thread: str
    api: str | None
    client: str | None
    seconds: float


class LockSnapshot(NamedTuple):
    """One lock at some moment; `owner` is None if it was free, or if its checker is off."""

    name: str
    level: Level
    locked: bool
    owner: Party | None
    waiters: tuple[Party, ...]
    statistics: LockStatistics


class JobSnapshot(NamedTuple):
    """One job at some moment, running or waiting."""

    object_name: str
    kind: str
    party: Party
    running: bool
    ended_by: str | None
    progress: Progress


class Snapshot(NamedTuple):
    """What `snapshot` saw: locks by name, jobs by object, and within an object those that run first."""

    locks: tuple[LockSnapshot, ...]
    jobs: tuple[JobSnapshot, ...]


def snapshot(*managers: LockManager) -> Snapshot:
    """The locks, objects' locks and jobs of some lock managers."""
    now = time.monotonic()
    objects = sorted((obj for manager in managers for obj in manager.objects), key=lambda obj: obj.name)
    locks = [lock for manager in managers for lock in manager.locks] + [obj.lock for obj in objects]
    return Snapshot(
        tuple(sorted((_lock(lock, now) for lock in locks), key=lambda seen: (seen.level, seen.name))),
        tuple(seen for obj in objects for seen in _jobs(obj, now)),
    )


def class_statistics(*managers: LockManager) -> dict[str, LockStatistics]:
    """The counters of all living locks, added up by the class of the locks."""
    totals: dict[str, LockStatistics] = {}
    for manager in managers:
        for lock in manager.locks:
            _add(totals, lock.name, lock.statistics())
        for obj in manager.objects:
            _add(totals, f"{obj.scope} {obj.type.name}".lstrip(), obj.lock.statistics())
    return totals


def _add(totals: dict[str, LockStatistics], name: str, more: LockStatistics) -> None:
    so_far = totals.get(name, LockStatistics())
    totals[name] = LockStatistics(
        so_far.acquired + more.acquired,
        so_far.contended + more.contended,
        so_far.waited_total + more.waited_total,
        max(so_far.waited_longest, more.waited_longest),
        so_far.held_total + more.held_total,
        max(so_far.held_longest, more.held_longest),
    )


def _lock(lock: Lock, now: float) -> LockSnapshot:
    owner, since = lock.owner, lock.since
    holder = None if owner is None or since is None else _party(owner, since, now)
    waiters = tuple(_party(waiter.owner, waiter.since, now) for waiter in lock.waiters)
    return LockSnapshot(lock.name, lock.level, lock.locked, holder, waiters, lock.statistics())


def _jobs(obj: Guarded[Any], now: float) -> Iterable[JobSnapshot]:
    for running, jobs in ((True, obj.jobs.running), (False, obj.jobs.waiting)):
        for job in jobs:
            yield JobSnapshot(obj.name, job.kind.value, _job_party(job, now), running, job.ended_by, job.progress)


def _party(thread: ThreadRecord, since: float, now: float) -> Party:
    return Party(thread.thread.name, thread.call.api, thread.call.client, max(0.0, now - since))


def _job_party(job: Job, now: float) -> Party:
    return Party(job.owner.thread.name, job.api, job.client, max(0.0, now - job.since))
