"""Lanes: every system call on a pool's or a guest's storage is made on one of its own few threads, with a deadline.

A file system that hangs (a dead NFS server, a stopped FUSE process, a lost disk) holds the thread that touches it, and
nothing in the kernel lets go of it. So the caller hands the work to a lane and waits there no longer than its deadline;
the lane's thread stays stuck alone. When all of a lane's threads are stuck, it refuses at once.

Guarantees: `run` returns or raises within its deadline, counted from the last sign of life of its task. One lane never
delays another.
Assumes: the caller holds no lock. A task that was given up may still finish later; whoever makes something with it
must bear that (what it makes has a temporary name).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Job, Level, LockManager

T = TypeVar("T")
Waiting = Callable[[str], AbstractContextManager[Any]]

IDLE = 10.0  # seconds after which a thread without work ends


class Pulse:
    """The sign of life of a long task; through it the job that the task is part of tells how far it is, and ends it.

    :param job: the job; None for a task that nobody may end.
    """

    def __init__(self, job: Job | None = None) -> None:
        self._job = job
        self._total: int | None = None
        self._beat = time.monotonic()

    def expect(self, total: int) -> None:
        """Say how much there is to do, in bytes."""
        self._total = total

    def beat(self, done: int = 0) -> None:
        """Say that it goes on, and how far it is, in bytes; to be called by the task.

        :raises JobAborted: if the job was aborted.
        """
        self._beat = time.monotonic()
        if self._job is not None:
            remaining = None if self._total is None else max(0, self._total - done)
            self._job.report(data_total=self._total, data_processed=done, data_remaining=remaining)
            self._job.check()

    @property
    def age(self) -> float:
        """Seconds since the last beat."""
        return time.monotonic() - self._beat


class _Task(Generic[T]):
    """One task on its way through a lane."""

    def __init__(self, call: Callable[[], T], pulse: Pulse) -> None:
        self.call = call
        self.pulse = pulse
        self.ended = threading.Event()
        self.value: T | None = None
        self.error: BaseException | None = None
        self.begun = False
        self.given_up = False

    def make(self) -> None:
        try:
            self.value = self.call()
        except BaseException as error:
            self.error = error
        self.ended.set()


class Lane:
    """The threads that touch the storage of one pool, or of one guest.

    :param owner: whose it is, in words: `pool 'images'`.
    :param waiting: marks that a call waits, so that another worker takes its place.
    :param threads: how many there are at most.
    """

    def __init__(self, owner: str, locks: LockManager, waiting: Waiting, threads: int) -> None:
        self.owner = owner
        self._waiting = waiting
        self._limit = threads
        self._lock = locks.lock("lane", Level.LEAF)
        self._queue: queue.SimpleQueue[_Task[Any]] = queue.SimpleQueue()
        self._threads = 0
        self._idle = 0
        self._queued = 0
        self._stuck = 0
        self._stuck_since = 0.0

    @property
    def stuck(self) -> int:
        """How many threads hang in a call whose caller gave up."""
        return self._stuck

    def run(self, call: Callable[[], T], deadline: float, pulse: Pulse | None = None) -> T:
        """Do something on the lane.

        :param deadline: seconds to wait at most since it was asked for, or since the pulse's last beat.
        :raises VirtError: OPERATION_TIMEOUT if it did not end in time, or no thread is free of stuck calls.
        """
        task = _Task(call, pulse or Pulse())
        self._admit(task)
        with self._waiting(f"the storage of {self.owner}"):
            while not task.ended.wait(max(0.0, deadline - task.pulse.age)):
                if task.pulse.age >= deadline and self._give_up(task):
                    raise self._silence(deadline)
        if task.error is not None:
            raise task.error
        return task.value  # type: ignore[return-value]

    def _admit(self, task: _Task[Any]) -> None:
        with self._lock:
            if self._stuck >= self._limit:
                raise self._silence(time.monotonic() - self._stuck_since)
            self._queued += 1
            grow = self._queued > self._idle and self._threads < self._limit
            if grow:
                self._threads += 1
                self._idle += 1
            self._queue.put(task)
        if grow:
            threading.Thread(target=self._work, name=f"lane of {self.owner}", daemon=True).start()

    def _give_up(self, task: _Task[Any]) -> bool:
        with self._lock:
            if task.ended.is_set():
                return False
            task.given_up = True
            if task.begun:
                self._stuck_since = self._stuck_since if self._stuck else time.monotonic() - task.pulse.age
                self._stuck += 1
            return True

    def _silence(self, seconds: float) -> VirtError:
        detail = f"the storage of {self.owner} has not answered for {seconds:.0f} s"
        hint = "see whether its server, disk or file system is alive; others are not affected"
        return VirtError(ErrorCode.OPERATION_TIMEOUT, detail, hint=hint)

    def _work(self) -> None:
        while (task := self._next()) is not None:
            with self._lock:
                self._queued -= 1
                self._idle -= 1
                task.begun = not task.given_up
            if task.begun:
                task.make()
            with self._lock:
                self._stuck -= task.begun and task.given_up
                self._idle += 1
            del task

    def _next(self) -> _Task[Any] | None:
        while True:
            try:
                return self._queue.get(timeout=IDLE)
            except queue.Empty:
                with self._lock:
                    if self._queued == 0:
                        self._idle -= 1
                        self._threads -= 1
                        return None
