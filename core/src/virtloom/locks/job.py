"""One job: for whom and what it is, since when, and how far.

Guarantees: `progress` is immutable and replaced whole, so anyone may read it without a lock.
Assumes: only the thread that asked for the job enters it, once, and it alone, or a thread that it waits for, reports
its progress. `gate` and `refusal` belong to the object's `Jobs`, under their mutex.
"""

from __future__ import annotations

import sys
import threading
import time
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from virtloom.locks.checking.sites import RawSite, Site, site_from, site_of
from virtloom.locks.context import THREADS, ThreadRecord
from virtloom.locks.errors import JobAborted, LockError
from virtloom.locks.kinds import ALLOWED_INSIDE, JobKind

if TYPE_CHECKING:
    from typing import Self

    from virtloom.locks.checking.checker import Checker
    from virtloom.locks.jobs import Jobs
    from virtloom.locks.lock import Lock


class Progress(NamedTuple):
    """How far a job is, in bytes unless said otherwise; None where unknown (libvirt: `virDomainJobInfo`)."""

    data_total: int | None = None
    data_processed: int | None = None
    data_remaining: int | None = None
    memory_total: int | None = None
    memory_processed: int | None = None
    memory_remaining: int | None = None
    disk_total: int | None = None
    disk_processed: int | None = None
    disk_remaining: int | None = None
    remaining_ms: int | None = None
    downtime_ms: int | None = None


NO_PROGRESS = Progress()
_NUMBERS = count(1)


class Job:
    """One job, from the request to its end. `with` begins it, waiting if it must, and ends it.

    :ivar number: its own in this run of the daemon, by which it can be aborted.
    :ivar kind: its kind.
    :ivar api: what it was asked for.
    :ivar client: who asked.
    :ivar owner: the thread.
    :ivar since: when it began, or, while it waits, when it was asked for; seconds of `time.monotonic`.
    :ivar allowed: the synchronous kinds that others may start inside it, if it is asynchronous.
    :ivar progress: how far it is; replaced whole by its owner, read by anyone.
    :ivar killing: if it ends the running jobs of all other threads as it begins: why, for their owners.
    :ivar ended_by: why it was aborted or killed; None if it was not.
    :ivar raw_site: the line that entered it; None if the checker is off.
    """

    __slots__ = (
        "_jobs",
        "_timeout",
        "allowed",
        "api",
        "client",
        "ended_by",
        "gate",
        "killing",
        "kind",
        "number",
        "owner",
        "progress",
        "raw_site",
        "refusal",
        "since",
    )

    def __init__(
        self,
        jobs: Jobs,
        kind: JobKind,
        api: str | None,
        timeout: float | None,
        allowed: frozenset[JobKind] | None,
        killing: str | None,
    ) -> None:
        self.owner: ThreadRecord = THREADS.me
        call = self.owner.call
        self.number = next(_NUMBERS)
        self.kind = kind
        self.api = api or call.api or kind.value
        self.client = call.client
        self.since = time.monotonic()
        self.allowed = ALLOWED_INSIDE.get(kind, frozenset()) if allowed is None else allowed
        self.killing = killing
        self.progress = NO_PROGRESS
        self.ended_by: str | None = None
        self.gate: threading.Lock | None = None  # while it waits: locked until it may begin or is refused
        self.refusal: LockError | None = None
        self.raw_site: RawSite | None = None
        self._jobs = jobs
        self._timeout = timeout

    # What a wait for it has in common with one for a lock: see `waits.Wait`.

    @property
    def lock(self) -> Lock | None:
        """It waits for no lock."""
        return None

    @property
    def wanted(self) -> str:
        """What its owner waits for."""
        return f"a {self.kind.value} job on {self.object_name}"

    @property
    def whose(self) -> str:
        """The lock manager of the object."""
        return self._jobs.scope

    def blockers(self) -> tuple[ThreadRecord, ...]:
        """The owners of the jobs that keep it from beginning."""
        return self._jobs.blockers(self)

    def fail(self, error: LockError) -> bool:
        """Refuse it, if it still waits."""
        return self._jobs.refuse(self, error)

    @property
    def object_name(self) -> str:
        """What the object is called."""
        return self._jobs.name()

    @property
    def checker(self) -> Checker:
        """Who judges it."""
        return self._jobs.checker

    @property
    def entered_at(self) -> Site | None:
        """The line that entered it; None if the checker is off."""
        return site_of(self.raw_site)

    @property
    def runs(self) -> bool:
        """Whether it has begun and not ended; one that was killed has, although its owner may not know yet."""
        return self in self._jobs.running

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.since

    def report(self, **fields: int | None) -> None:
        """Change some fields of the progress."""
        self.progress = self.progress._replace(**fields)

    def check(self) -> None:
        """Ask whether to go on.

        :raises JobAborted: if the job was aborted, or killed because the guest's process ended.
        """
        if self.ended_by is not None:
            raise JobAborted(self._jobs.name(), self.kind.value, self.ended_by)

    def __enter__(self) -> Self:
        if self._jobs.checking:
            self.raw_site = site_from(sys._getframe(1))
        self._jobs.begin(self, self._timeout)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._jobs.end(self)

    def __repr__(self) -> str:
        state = "waiting" if self.gate is not None else "running"
        what = f"{self.kind.value} on {self._jobs.name()} for {self.api}"
        return f"<Job {what} by {self.owner}, {state} for {self.age:.1f} s>"
