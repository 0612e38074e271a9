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

from virtloom.locks.checking.sites import Site
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
    """One lock at some moment.

    :ivar owner: who held it; None if it was free, or if its checker is off.
    :ivar waiters: who waited, in the order in which they will be served.
    :ivar object: the object that it guards; None if it is no object's.
    :ivar taken_at: the line that took it; None if its checker is off.
    """

    name: str
    level: Level
    locked: bool
    owner: Party | None
    waiters: tuple[Party, ...]
    statistics: LockStatistics
    object: str | None = None
    taken_at: Site | None = None


class JobSnapshot(NamedTuple):
    """One job at some moment, running or waiting.

    :ivar ended_by: why it was aborted or killed; None if it was not.
    :ivar number: by which it can be aborted.
    :ivar slot: which of the object's slots it has or wants.
    :ivar allowed: the kinds of jobs that others may still start inside it.
    :ivar scope: whose object it is: the lock manager's name, which is the driver's.
    """

    object_name: str
    kind: str
    party: Party
    running: bool
    ended_by: str | None
    progress: Progress
    number: int = 0
    slot: str = ""
    allowed: tuple[str, ...] = ()
    scope: str = ""


class Snapshot(NamedTuple):
    """What `snapshot` saw: locks by name, jobs by object, and within an object those that run first."""

    locks: tuple[LockSnapshot, ...]
    jobs: tuple[JobSnapshot, ...]


def snapshot(*managers: LockManager) -> Snapshot:
    """The locks, objects' locks and jobs of some lock managers."""
    now = time.monotonic()
    objects = sorted((obj for manager in managers for obj in manager.objects), key=lambda obj: obj.name)
    locks = [_lock(lock, now) for manager in managers for lock in manager.locks]
    locks += [_lock(obj.lock, now, obj.name) for obj in objects]
    return Snapshot(
        tuple(sorted(locks, key=lambda seen: (seen.level, seen.name))),
        tuple(seen for obj in objects for seen in _jobs(obj, now)),
    )


def _lock(lock: Lock, now: float, of: str | None = None) -> LockSnapshot:
    owner, since = lock.owner, lock.since
    holder = None if owner is None or since is None else party_of(owner, since, now)
    waiters = tuple(party_of(waiter.owner, waiter.since, now) for waiter in lock.waiters)
    statistics, at = lock.statistics(), lock.taken_at
    return LockSnapshot(lock.name, lock.level, lock.locked, holder, waiters, statistics, of, at)


def _jobs(obj: Guarded[Any], now: float) -> Iterable[JobSnapshot]:
    for running, jobs in ((True, obj.jobs.running), (False, obj.jobs.waiting)):
        for job in jobs:
            party, allowed = _job_party(job, now), tuple(sorted(kind.value for kind in job.allowed))
            shown = (job.ended_by, job.progress, job.number, job.kind.slot.value, allowed, obj.scope)
            yield JobSnapshot(obj.name, job.kind.value, party, running, *shown)


def party_of(thread: ThreadRecord, since: float, now: float) -> Party:
    """A thread that has held or waited since some time."""
    return Party(thread.thread.name, thread.call.api, thread.call.client, max(0.0, now - since))


def _job_party(job: Job, now: float) -> Party:
    return Party(job.owner.thread.name, job.api, job.client, max(0.0, now - job.since))
