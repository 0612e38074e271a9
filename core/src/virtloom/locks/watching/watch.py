"""The watch: what a checker does beside judging. It looks at long waits, tells of slow locks, counts and records.

Guarantees: an uncontended lock asks it one thing, whether its hold was as long as `note_from`; everything else happens
on waits and jobs, and with checking off only calls and jobs are seen. A deadlock is found `LOOK_AFTER` it closed, one
wait of it ends with `Deadlock`, and the others go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from virtloom.locks.checking import deadlock
from virtloom.locks.checking.rules import Rule
from virtloom.locks.checking.sites import caller_stack
from virtloom.locks.errors import Deadlock
from virtloom.locks.waits import Look, Wait
from virtloom.locks.watching.figures import Tally
from virtloom.locks.watching.recorder import LIMIT, Recorder, Span
from virtloom.locks.watching.slow import SlowLock
from virtloom.locks.watching.stacks import stack_of_thread

if TYPE_CHECKING:
    from virtloom.locks.checking.checker import Checker
    from virtloom.locks.context import Call, ThreadRecord
    from virtloom.locks.job import Job
    from virtloom.locks.lock import CheckedLock

OnSlow = Callable[[SlowLock], None]


class Watch:
    """What is seen of the locks of one checker.

    :param checker: where deadlocks are written down; None if it checks nothing.
    :ivar note_from: seconds; a hold as long as that is told to `held`. Read by every release.
    :ivar looks: what a wait has done to it as it becomes long.
    :ivar calls: how long calls took, by API.
    """

    def __init__(self, checker: Checker | None) -> None:
        self.note_from = inf
        self.looks: tuple[Look, ...] = ()
        self.calls: dict[str, Tally] = {}
        self._checker = checker
        self._slow = inf
        self._on_slow: OnSlow | None = None
        self._recorder: Recorder | None = None
        self._mutex = threading.Lock()
        self._choose()

    # What it is told to do.

    def tell_slow(self, seconds: float, listener: OnSlow) -> None:
        """Tell of locks that are held for longer than some seconds.

        :param listener: called on the thread that notices, possibly with locks held: it only queues what it is given.
        """
        with self._mutex:
            self._slow, self._on_slow = seconds, listener
            self._choose()

    def record(self, seconds: float, limit: int = LIMIT) -> Recorder:
        """Record what happens from now on, instead of what was recorded before.

        :param seconds: for how long, unless it is stopped before.
        :param limit: see `Recorder`.
        """
        made = Recorder(time.monotonic(), seconds, limit)
        self._use(made)
        return made

    def stop_recording(self) -> None:
        """Record nothing further."""
        self._use(None)

    def _use(self, recorder: Recorder | None, instead_of: Recorder | None = None) -> None:
        """Have a recorder, or none; instead of a certain one only if that has not been replaced meanwhile."""
        with self._mutex:
            if instead_of is None or self._recorder is instead_of:
                self._recorder = recorder
                self._choose()

    def _choose(self) -> None:
        self.note_from = 0.0 if self._recorder is not None else self._slow
        looks: list[Look] = []
        if self._checker is not None:
            looks.append((deadlock.LOOK_AFTER, self._search))
            if self._slow < inf:
                looks.append((max(self._slow, deadlock.LOOK_AFTER), self._tell_waiting))
        self.looks = tuple(looks)

    # What it sees.

    def held(self, lock: CheckedLock, me: ThreadRecord, since: float, took: float) -> None:
        """A hold of `note_from` or longer has ended; the lock is still held."""
        if took >= self._slow and self._on_slow is not None:
            waiting = len(lock.waiters)
            self._on_slow(SlowLock(lock.name, took, me.thread.name, *me.call, waiting, True, caller_stack()))
        self._add("hold", lock.name, me, since, took, id(lock))

    def waited(self, wait: Wait, since: float, took: float) -> None:
        """A wait for a lock or a job has ended, in one way or the other."""
        self._add("wait", wait.wanted, wait.owner, since, took)

    def worked(self, job: Job) -> None:
        """A job has ended, or was killed; under the mutex of its object's jobs."""
        if self._recorder is not None:
            self._keep(job_span(job, time.monotonic()))

    def called(self, call: Call, me: ThreadRecord) -> None:
        """A call of this thread has ended."""
        api, took = call.api or "a call", time.monotonic() - me.since
        try:
            tally = self.calls[api]
        except KeyError:
            tally = self.calls.setdefault(api, Tally())
        me.figures[tally].add(took)
        if self._recorder is not None:
            self._keep(Span("call", api, me.thread.name, me.since, me.since + took, "", call.client))

    def _add(self, kind: str, name: str, thread: ThreadRecord, since: float, took: float, key: int = 0) -> None:
        if self._recorder is not None:
            api, client = thread.call
            self._keep(Span(kind, name, thread.thread.name, since, since + took, api or "", client, key=key))

    def _keep(self, span: Span) -> None:
        recorder = self._recorder
        if recorder is None:
            return
        if span.end > recorder.end:
            self._use(None, recorder)
        else:
            recorder.add(span)

    # What it does about long waits.

    def _search(self, wait: Wait) -> None:
        """Break the circle that a waiting thread stands in, if it does."""
        cycle = deadlock.find_cycle(wait.owner)
        if not cycle:
            return
        victim = deadlock.choose_victim(cycle)
        explained, stack = deadlock.describe(cycle, places=True), stack_of_thread(victim.owner)
        if victim.fail(Deadlock(victim.wanted, deadlock.describe(cycle))) and self._checker is not None:
            self._checker.note(Rule.DEADLOCK, explained, victim.wanted, stack[0] if stack else None)

    def _tell_waiting(self, wait: Wait) -> None:
        """Tell of the lock that a thread has waited for too long, and where its holder is."""
        lock = wait.lock
        owner = None if lock is None else lock.owner
        if lock is None or owner is None or self._on_slow is None:
            return
        seconds = time.monotonic() - (lock.since or time.monotonic())
        taken_at = lock.taken_at
        stack = stack_of_thread(owner) or (() if taken_at is None else (taken_at,))
        self._on_slow(SlowLock(lock.name, seconds, owner.thread.name, *owner.call, len(lock.waiters), False, stack))


def job_span(job: Job, end: float, state: str = "") -> Span:
    """A job as a span that ends, or is cut, at some time."""
    detail, slot = f"{job.kind.value} for {job.api}", job.kind.slot.value
    return Span("job", job.object_name, job.owner.thread.name, job.since, end, detail, job.client, slot, state)
