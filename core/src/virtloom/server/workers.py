"""The threads that answer calls, and what happens when a call has to wait.

Guarantees: a call that says that it waits has another worker put in its place, up to a bound, past which it fails at
once; what is urgent has workers of its own, so it never stands behind ordinary calls.
Assumes: every wait on the outside world is announced with `waiting`; one that is not costs a worker for its length.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import TracebackType
from typing import NamedTuple, Protocol

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Level, LockManager, might_sleep
from virtloom.locks.context import THREADS, Outside
from virtloom.locks.watching.stacks import here

log = logging.getLogger(__name__)

Task = Callable[[], None]
GRACE = 0.01  # seconds for a thread that has nothing left to do, even past the deadline


class Waits(Protocol):
    """Who is told when the call of a thread waits on the outside world."""

    def begin_wait(self, must: bool = False) -> None:
        """It is about to wait.

        :param must: whether it may wait although as many do as may.
        :raises VirtError: RESOURCE_BUSY if as many wait as may.
        """
        ...

    def end_wait(self) -> None:
        """It goes on."""
        ...


class _Local(threading.local):
    waits: Waits | None = None
    depth: int = 0


_local = _Local()


class CrewStatus(NamedTuple):
    """A crew at one moment."""

    minimum: int
    maximum: int
    threads: int
    idle: int
    queued: int
    waiting: int


class Crew:
    """Threads that take tasks from one queue. Threads are started as they are needed.

    :param name: what the threads are called, with a number added.
    :param minimum: threads that are there from the start.
    :param maximum: threads at most, not counting those whose task waits.
    :param max_waiting: tasks that may wait at once.
    :param spare: idle threads that are kept beyond the minimum; None keeps all.
    """

    def __init__(
        self, name: str, locks: LockManager, minimum: int, maximum: int, max_waiting: int, spare: int | None = None
    ) -> None:
        self.name = name
        self._lock = locks.lock(name, Level.LEAF)
        self._queue: SimpleQueue[Task | None] = SimpleQueue()
        self._minimum = minimum
        self._maximum = maximum
        self._max_waiting = max_waiting
        self._spare = math.inf if spare is None else spare
        self._queued = 0
        self._idle = 0
        self._waiting = 0
        self._started = 0
        self._stopping = False
        self._threads: set[threading.Thread] = set()

    def start(self) -> None:
        """Start the threads that are there from the start."""
        while self._grow(self._minimum):
            pass

    def submit(self, task: Task) -> None:
        """Have a task run by one of the threads, in its turn."""
        with self._lock:
            self._queued += 1
            short = self._queued > self._idle
        self._queue.put(task)
        if short:
            self._grow()

    def _grow(self, target: int | None = None) -> bool:
        """Start one more thread if there may be one; with a target, only while there are fewer than that."""
        with self._lock:
            allowed = self._maximum + self._waiting if target is None else target
            if len(self._threads) >= allowed or self._stopping:
                return False
            self._started += 1
            thread = threading.Thread(target=self._work, name=f"{self.name}-{self._started}", daemon=True)
            self._threads.add(thread)
            self._idle += 1
        try:
            thread.start()
        except RuntimeError:
            log.exception("%s: no further thread can be started; calls wait for those that there are", self.name)
            with self._lock:
                self._threads.discard(thread)
                self._idle -= 1
            return False
        return True

    def _work(self) -> None:
        _local.waits = self
        queue, lock = self._queue, self._lock
        while True:
            task = queue.get()
            with lock:
                self._queued -= 1
                self._idle -= 1
            if task is None:
                break
            try:
                task()
            except BaseException:
                log.exception("%s: a task failed", self.name)
            del task
            with lock:
                if self._idle >= self._spare and self._queued < self._idle and len(self._threads) > self._minimum:
                    break
                self._idle += 1
        with lock:
            self._threads.discard(threading.current_thread())

    def _dismiss(self, surplus: int) -> None:
        for _ in range(surplus):
            with self._lock:
                self._queued += 1
            self._queue.put(None)

    def begin_wait(self, must: bool = False) -> None:
        """The task of this thread is about to wait.

        :param must: whether it may wait although as many do as may.
        :raises VirtError: RESOURCE_BUSY if as many wait as may.
        """
        with self._lock:
            full = self._waiting >= self._max_waiting and not must
            if not full:
                self._waiting += 1
                short = self._queued > self._idle
        if full:
            raise VirtError(
                ErrorCode.RESOURCE_BUSY,
                f"{self._max_waiting} calls are waiting already, which is as many as may",
                ErrorDomain.RPC,
                hint="find out what they wait for ('virtloom locks'), or raise max_waiting in the [server] section",
            )
        if short:
            self._grow()

    def end_wait(self) -> None:
        """The task of this thread goes on; the worker that took its place leaves when it is idle."""
        with self._lock:
            self._waiting -= 1
            surplus = len(self._threads) > self._maximum + self._waiting and self._idle > self._queued
        if surplus:
            self._dismiss(1)

    def resize(self, minimum: int, maximum: int, max_waiting: int) -> None:
        """Allow more or fewer threads; those that are too many leave as they become idle."""
        with self._lock:
            self._minimum, self._maximum, self._max_waiting = minimum, maximum, max_waiting
            surplus = len(self._threads) - maximum - self._waiting
        self._dismiss(surplus)
        self.start()

    def crowded(self) -> bool:
        """Whether tasks stand in the queue."""
        return not self._queue.empty()

    def status(self) -> CrewStatus:
        """The crew now."""
        with self._lock:
            threads = len(self._threads)
            return CrewStatus(self._minimum, self._maximum, threads, self._idle, self._queued, self._waiting)

    def end(self) -> None:
        """Let the queued tasks run, and then the threads end."""
        with self._lock:
            self._stopping = True
            count = len(self._threads)
        self._dismiss(count)

    def join(self, deadline: float) -> list[str]:
        """Wait for the threads' end.

        :param deadline: a time of `time.monotonic()`.
        :returns: the names of the threads that still run then.
        """
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(GRACE, deadline - time.monotonic()))
        return sorted(thread.name for thread in threads if thread.is_alive())


class Waiting:
    """The mark around a wait: `with waiting("the guest"):`. It may be nested; the outermost counts."""

    __slots__ = ("_must", "_what")

    def __init__(self, what: str, must: bool) -> None:
        self._what = what
        self._must = must

    def __enter__(self) -> None:
        """Say that this thread's call waits from now on; a thread that is no worker costs no worker."""
        might_sleep(f"a wait for {self._what}")
        if _local.depth == 0:
            if _local.waits is not None:
                _local.waits.begin_wait(self._must)
            me = THREADS.me
            me.outside, me.stack = Outside(self._what, time.monotonic()), here(1)
        _local.depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Say that it goes on."""
        _local.depth -= 1
        if _local.depth == 0:
            me = THREADS.me
            me.outside, me.stack = None, ()
            if _local.waits is not None:
                _local.waits.end_wait()


def waiting(what: str, must: bool = False) -> Waiting:
    """What a call puts around a wait on the outside world, or for a job.

    :param what: for what, in words; `virtloom locks --waiting` shows it.
    :param must: whether it may wait although as many calls do as may: for what ends the waits of others.
    :raises VirtError: RESOURCE_BUSY on entering, when as many calls wait as may.
    """
    return Waiting(what, must)


@contextmanager
def waits_through(waits: Waits) -> Iterator[None]:
    """For the length of a block, tell somebody else than the thread's crew when a call of this thread waits."""
    outer, _local.waits = _local.waits, waits
    try:
        yield
    finally:
        _local.waits = outer


class PoolSizes(NamedTuple):
    """How many workers a pool has: see `ServerLimits`."""

    minimum: int
    maximum: int
    priority: int
    max_waiting: int


class WorkerPool:
    """The ordinary workers and those for what is urgent.

    :param name: the server's name, which the threads carry.
    :param priority: how many workers only what is urgent has; with 0 it shares the ordinary ones.
    """

    def __init__(self, name: str, locks: LockManager, sizes: PoolSizes) -> None:
        self._ordinary = Crew(f"{name}-worker", locks, sizes.minimum, sizes.maximum, sizes.max_waiting)
        self._urgent = Crew(f"{name}-prio", locks, sizes.priority, sizes.priority, sizes.max_waiting)
        self._has_urgent = sizes.priority > 0

    def start(self) -> None:
        """Start the threads that are there from the start."""
        self._ordinary.start()
        self._urgent.start()

    def submit(self, task: Task, urgent: bool = False) -> None:
        """Have a task run in its turn; what is urgent stands only behind what is urgent too."""
        (self._urgent if urgent and self._has_urgent else self._ordinary).submit(task)

    def begin_wait(self, must: bool = False) -> None:
        """See `Waits.begin_wait`: a call that no worker serves is about to wait, and counts as one of theirs."""
        self._ordinary.begin_wait(must)

    def end_wait(self) -> None:
        """See `Waits.end_wait`."""
        self._ordinary.end_wait()

    def crowded(self) -> bool:
        """Whether tasks stand in the ordinary queue, so that a worker should not stay with one client."""
        return self._ordinary.crowded()

    def resize(self, sizes: PoolSizes) -> None:
        """Allow more or fewer threads."""
        self._has_urgent = sizes.priority > 0
        self._ordinary.resize(sizes.minimum, sizes.maximum, sizes.max_waiting)
        self._urgent.resize(sizes.priority, sizes.priority, sizes.max_waiting)

    def status(self) -> tuple[CrewStatus, CrewStatus]:
        """The ordinary workers and the urgent ones now."""
        return self._ordinary.status(), self._urgent.status()

    def end(self) -> None:
        """Let the queued tasks run, and then the threads end."""
        self._ordinary.end()
        self._urgent.end()

    def join(self, deadline: float) -> list[str]:
        """Wait for the threads' end; the names of those that still run at the deadline."""
        return self._urgent.join(deadline) + self._ordinary.join(deadline)
