"""Jobs: what a thread takes on an object before it does anything there that sleeps.

A job outlives the object's lock: its owner releases the lock to talk to a monitor, and meanwhile others may
look at the object but not begin what would clash. This file is the only place of the package, beside the lock
itself, where threads wait for one another. The idea, the kinds and the sentence of the timeout are those of
libvirt's domain jobs.

Guarantees: a slot has one owner at most. Synchronous jobs exclude one another. While an asynchronous job
runs, other threads start only the kinds of its allowed set; its own thread may start any synchronous job
inside it. An asynchronous job starts when no other job holds the monitor's slot. Agent jobs exclude only one
another, so a guest whose agent is silent holds up no monitor. Waiting is first come first served, save that
those whom only the running asynchronous job keeps out let those pass whom it admits. Waiting has a deadline
and ends in JobTimeout, which names the holder. A job ends with its block, also by an exception, or before,
when `kill` ends it because the guest's process did.

Assumes: its mutex is held for a few instructions and protects nothing but this bookkeeping, so it may be
taken with any lock held. Jobs are asked for with no lock held; the checker sees to that.

Remaining race: a job may be killed at any moment while its owner works. The owner learns of it from
`Job.check`, which it calls when it comes back from the monitor, as it checks the object's state anew then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple, Protocol

from virtloom.locks.checking.checker import Checker
from virtloom.locks.checking.rules import Rule
from virtloom.locks.context import THREADS, ThreadRecord
from virtloom.locks.errors import JobAborted, JobTimeout, LockError
from virtloom.locks.job import Job
from virtloom.locks.kinds import ENDING, HELD_UP_BY, Slot
from virtloom.locks.waits import await_gate
from virtloom.locks.watching.stacks import here

OnWait = Callable[[str, bool], AbstractContextManager[object]]


class JobPolicy(NamedTuple):
    """What the jobs of a lock manager's objects have in common.

    :ivar checker: who judges that a job is asked for with no lock held.
    :ivar timeout: seconds to wait for a job, unless its caller says otherwise.
    :ivar on_wait: given what is waited for, and whether that may not be forbidden, makes a context manager that is
        entered around the wait; it may raise to forbid it.
    :ivar scope: the lock manager's name.
    """

    checker: Checker
    timeout: float
    on_wait: OnWait | None
    scope: str = ""


class Owner(Protocol):
    """What has jobs: a guarded object."""

    @property
    def name(self) -> str:
        """What it is called, made when it must be said."""

    def refusal(self) -> LockError | None:
        """The error for those who ask when it was removed; None while it was not."""


class Jobs:
    """The jobs of one object: who has its slots, and who waits.

    Invariant, whenever the mutex is free: each job in the queue has an obstacle among the jobs that run. So a newcomer
    without an obstacle overtakes nobody who could have begun.

    :param owner: the object.
    :param policy: see `JobPolicy`.
    """

    __slots__ = ("_mutex", "_owner", "_policy", "_queue", "_slots", "checking")

    def __init__(self, owner: Owner, policy: JobPolicy) -> None:
        self._owner = owner
        self.checking = policy.checker.checking
        self._policy = policy
        self._mutex = threading.Lock()
        self._slots: dict[Slot, Job] = {}
        self._queue: list[Job] = []

    def name(self) -> str:
        """What the object is called."""
        return self._owner.name

    @property
    def checker(self) -> Checker:
        """Who judges them."""
        return self._policy.checker

    @property
    def scope(self) -> str:
        """The name of the object's lock manager."""
        return self._policy.scope

    @property
    def running(self) -> tuple[Job, ...]:
        """The jobs that have begun and not ended."""
        with self._mutex:
            return tuple(self._slots.values())

    @property
    def waiting(self) -> tuple[Job, ...]:
        """The jobs that were asked for and have not begun, in the order of asking."""
        with self._mutex:
            return tuple(self._queue)

    def begin(self, job: Job, timeout: float | None) -> None:
        """Begin a job, or wait until it may begin; see `Guarded.job`."""
        self.check_lockless(job)
        if not self.begin_nowait(job):
            self._wait(job, self._policy.timeout if timeout is None else timeout)

    def check_lockless(self, job: Job) -> None:
        """Report a job that is asked for while a lock is held."""
        if job.owner.held:
            self._policy.checker.awaiting_job(f"{job.kind.value} job on {self.name()}")

    def begin_nowait(self, job: Job) -> bool:
        """Begin a job if that needs no waiting.

        :return: whether it began.
        """
        with self._mutex:
            self._raise_if_removed()
            if job.killing is not None:
                self._kill(job.killing)
            if self._slots and self._obstacle(job) is not None:
                return False
            self._start(job)
            if job.killing is not None:
                self._admit()  # whom nothing but a job that was killed kept out
            return True

    def end(self, job: Job) -> None:
        """End a job that began; nothing happens if it was killed before."""
        slot = job.kind.slot
        if job in job.owner.jobs:
            job.owner.jobs.remove(job)
        with self._mutex:
            if slot in self._slots and self._slots[slot] is job:
                del self._slots[slot]
                if not self._slots:
                    self._slots.clear()  # and with it the 160 bytes that an empty dictionary keeps
                self._policy.checker.watch.worked(job)
                if self._queue:
                    self._admit()

    def abort(self, reason: str, number: int | None = None) -> Job | None:
        """Tell the asynchronous job to stop; its owner learns of it by `Job.check`.

        :param number: only if it is the one of this number.
        :return: the job that was told; None if none runs.
        """
        with self._mutex:
            job = self._slots.get(Slot.ASYNC)
            if job is not None and number not in (None, job.number):
                return None
            if job is not None and job.ended_by is None:
                job.ended_by = reason
            return job

    def kill(self, reason: str) -> None:
        """End all jobs but this thread's own, and refuse those that wait; see `Guarded.kill_jobs`."""
        with self._mutex:
            self._kill(reason)
            refused, self._queue = self._queue, []
            for job in refused:
                self._refuse(job, JobAborted(self.name(), job.kind.value, reason))

    def _kill(self, reason: str) -> None:
        """End the jobs of other threads, but for one that does so itself: two who end a guest do so in turn."""
        me = THREADS.me
        for slot, job in list(self._slots.items()):
            if job.owner is not me and job.killing is None:
                job.ended_by = reason
                del self._slots[slot]
                self._policy.checker.watch.worked(job)

    def refuse_all(self, make: Callable[[], LockError]) -> None:
        """Refuse those that wait; what runs goes on to its end."""
        with self._mutex:
            refused, self._queue = self._queue, []
            for job in refused:
                self._refuse(job, make())

    def refuse(self, job: Job, error: LockError) -> bool:
        """End a job's wait with an error; False if it does not wait any more."""
        with self._mutex:
            waits = job in self._queue
            if waits:
                self._queue.remove(job)
                self._refuse(job, error)
            return waits

    def blockers(self, job: Job) -> tuple[ThreadRecord, ...]:
        """The owners of the jobs that keep a waiting one from beginning."""
        with self._mutex:
            return tuple(other.owner for other in self._obstacles(job)) if job.gate is not None else ()

    def _start(self, job: Job) -> None:
        job.since = time.monotonic()
        self._slots[job.kind.slot] = job
        job.owner.jobs.append(job)

    def _refuse(self, job: Job, error: LockError) -> None:
        job.refusal = error
        self._open(job)

    @staticmethod
    def _open(job: Job) -> None:
        gate, job.gate = job.gate, None
        if gate is not None:
            gate.release()

    def _obstacle(self, job: Job) -> Job | None:
        """The running job that keeps this one from beginning."""
        if job.kind.slot is Slot.AGENT:
            return self._slots.get(Slot.AGENT)
        inside = self._slots.get(Slot.ASYNC)
        if inside is not None and not _admits(inside, job):
            return inside
        return self._slots.get(Slot.SYNC)

    def _obstacles(self, job: Job) -> list[Job]:
        """All running jobs that keep this one from beginning."""
        if job.kind.slot is Slot.AGENT:
            return [other for slot, other in self._slots.items() if slot is Slot.AGENT]
        inside, sync = self._slots.get(Slot.ASYNC), self._slots.get(Slot.SYNC)
        return [
            other for other in (inside, sync) if other is not None and not (other is inside and _admits(other, job))
        ]

    def _admit(self) -> None:
        """Begin what may begin now, in the order of asking."""
        waiting, self._queue = self._queue, []
        for job in waiting:
            if self._obstacle(job) is None:
                self._start(job)
                self._open(job)
            else:
                self._queue.append(job)

    def _wait(self, job: Job, timeout: float) -> None:
        self._forbid_waiting_for_oneself(job)
        gate = self._enqueue(job)
        if gate is None:
            return
        on_wait, watch = self._policy.on_wait, self._policy.checker.watch
        looks, asked = watch.looks, job.since
        job.owner.waiting_for, job.owner.stack = job, here()
        try:
            with on_wait(job.wanted, job.kind in ENDING) if on_wait is not None else nullcontext():
                await_gate(gate, timeout, job, looks)
        except BaseException:
            self._give_up(job)
            raise
        finally:
            job.owner.waiting_for, job.owner.stack = None, ()
            watch.waited(job, asked, time.monotonic() - asked)
        self._settle(job)

    def _enqueue(self, job: Job) -> threading.Lock | None:
        """Join the queue; None if the job could begin at once after all."""
        with self._mutex:
            self._raise_if_removed()
            gate = threading.Lock()
            gate.acquire()
            job.gate = gate
            self._queue.append(job)
            self._admit()
            return gate if job.gate is not None else None

    def _raise_if_removed(self) -> None:
        refusal = self._owner.refusal()
        if refusal is not None:
            raise refusal

    def _forbid_waiting_for_oneself(self, job: Job) -> None:
        # Without the mutex, so that a finding's listener may look at the jobs: none but this thread adds its own.
        for slot in HELD_UP_BY[job.kind.slot]:
            own = self._slots.get(slot)
            if own is not None and own.owner is job.owner:
                what = f"a {job.kind.value} job on {self.name()} inside its own {own.kind.value} job"
                raise self._policy.checker.forbid(Rule.JOB_REENTRY, f"{job.owner} asks for {what}")

    def _settle(self, job: Job) -> None:
        """After a wait: the job began, was refused, or is late."""
        with self._mutex:
            late = job.gate is not None
            if late:
                error: LockError | None = self._timeout(job)
                self._queue.remove(job)
                job.gate = None
            else:
                error = job.refusal
        if error is not None:
            raise error

    def _give_up(self, job: Job) -> None:
        """After a wait that was broken off: leave the queue, or end what began meanwhile."""
        with self._mutex:
            if job in self._queue:
                self._queue.remove(job)
                job.gate = None
                return
        self.end(job)

    def _timeout(self, job: Job) -> JobTimeout:
        slot = "agent" if job.kind.slot is Slot.AGENT else "monitor"
        holder = self._obstacle(job)
        assert holder is not None, "a job waits that could begin"
        return JobTimeout(self.name(), job.kind.value, slot, holder.api, holder.owner.thread.name, holder.age)


def _admits(running: Job, wanted: Job) -> bool:
    """Whether a job may begin inside an asynchronous one."""
    if wanted.kind.slot is Slot.ASYNC:
        return False
    return wanted.owner is running.owner or wanted.kind in running.allowed
