"""Who runs in a thread: the locks it holds, its jobs, what it waits for, and the call that it serves.

Guarantees: each thread has one `ThreadRecord`, made when it is first asked for, and only that thread writes
to it (save for `jobs`, to which whoever ends a job adds the one that begins then).
Assumes: reading one attribute of another thread's record is atomic. A reader sees each field as it was at
some moment, not all of them at one moment; for a report that is good enough.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from virtloom.locks.living import Living
from virtloom.locks.watching.figures import OwnFigures

if TYPE_CHECKING:
    from virtloom.locks.checking.checker import Checker
    from virtloom.locks.checking.sites import Site
    from virtloom.locks.job import Job
    from virtloom.locks.lock import CheckedLock
    from virtloom.locks.waits import Wait


class Call(NamedTuple):
    """What a thread is called for.

    :ivar api: the API's name, such as "virDomainCreate"; None outside of calls.
    :ivar client: who called, as text; None if unknown.
    """

    api: str | None = None
    client: str | None = None


NO_CALL = Call()


class Outside(NamedTuple):
    """A wait for something outside of the daemon.

    :ivar what: for what, in words.
    :ivar since: since when, in seconds of `time.monotonic`.
    """

    what: str
    since: float


class ThreadRecord:
    """What the locks know of one thread.

    :ivar held: the checked locks it holds, in the order of acquisition.
    :ivar jobs: the jobs it has begun and not ended.
    :ivar call: the call it serves, and `since` when, in seconds of `time.monotonic`.
    :ivar checker: who judges that call; None outside of calls.
    :ivar outer: for each call that it serves: what these three were before, and how many locks and jobs it had.
    :ivar waiting_for: the lock or the job that it waits for, if it does.
    :ivar outside: what else it waits for, if it said so.
    :ivar stack: where it is, innermost line first, while it waits and nobody else can look; see `watching.stacks`.
    :ivar figures: its part of each tally.
    """

    __slots__ = (
        "__weakref__",
        "call",
        "checker",
        "figures",
        "held",
        "jobs",
        "outer",
        "outside",
        "since",
        "stack",
        "thread",
        "waiting_for",
    )

    def __init__(self) -> None:
        self.thread = threading.current_thread()
        self.held: list[CheckedLock] = []
        self.jobs: list[Job] = []
        self.call = NO_CALL
        self.since = 0.0
        self.checker: Checker | None = None
        self.outer: list[tuple[Call, float, Checker | None, int, int]] = []
        self.waiting_for: Wait | None = None
        self.outside: Outside | None = None
        self.stack: tuple[Site, ...] = ()
        self.figures = OwnFigures(self)

    def __str__(self) -> str:
        api = self.call.api
        return f"thread {self.thread.name}" if api is None else f"thread {self.thread.name} in {api}"


RECORDS: Living[ThreadRecord] = Living()  # of all threads


class _Threads(threading.local):
    """`me` is the current thread's record: `threading.local` runs `__init__` once in each thread."""

    def __init__(self) -> None:
        self.me = ThreadRecord()
        RECORDS.add(self.me)


THREADS = _Threads()


def current_call() -> Call:
    """What this thread is called for."""
    return THREADS.me.call


class calling:  # noqa: N801  (used as a statement: `with calling(api=...):`)
    """Name the call that this thread serves for the length of a block; what it still holds at its end is reported.

    What was before is kept by the thread, so one of these serves any number of calls, of several threads at once too.

    :param api: the API's name.
    :param client: who called.
    :param call: both, where that was made before; it may say more than locks need to know.
    :param checker: who judges and counts the call; without one it is named only, and each lock's own checker asked.
    :raises LockViolation: at the end, in enforce mode, if a lock or a job taken in the block is still held.
    """

    __slots__ = ("_call", "_checker")

    def __init__(
        self,
        api: str | None = None,
        client: str | None = None,
        checker: Checker | None = None,
        call: Call | None = None,
    ) -> None:
        self._call = Call(api, client) if call is None else call
        self._checker = checker

    def __enter__(self) -> Call:
        me = THREADS.me
        me.outer.append((me.call, me.since, me.checker, len(me.held), len(me.jobs)))
        me.call, me.since, me.checker = self._call, time.monotonic(), self._checker
        return self._call

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        me = THREADS.me
        checker, (call, since, outer, held, jobs) = self._checker, me.outer.pop()
        try:
            if checker is not None:
                checker.watch.called(self._call, me)
            if len(me.held) > held or len(me.jobs) > jobs:
                _report_what_is_left(me, held, jobs)
        finally:
            me.call, me.since, me.checker = call, since, outer

    def count(self) -> None:
        """Count a call that is over as it begins, since its answer was known: the block without what would be in it."""
        if self._checker is not None:
            me = THREADS.me
            since, me.since = me.since, time.monotonic()
            self._checker.watch.called(self._call, me)
            me.since = since


def _report_what_is_left(me: ThreadRecord, held: int, jobs: int) -> None:
    for lock in me.held[held:]:
        lock.checker.still_held(lock)
    for job in me.jobs[jobs:]:
        job.checker.still_running(job)
