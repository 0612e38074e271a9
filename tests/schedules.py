"""Threads whose switching a seed decides: the same seed makes the same run, whatever else the machine does.

Of the threads of a `Schedule` one runs at a time. Before each line of the watched modules, and wherever one waits for a
lock, the seed's random numbers say who goes on; so every race is within reach, and a failure can be looked at again.
Locks and time are the schedule's own: nothing sleeps, and time passes when nobody can go on, or by chance.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from types import FrameType, ModuleType, SimpleNamespace, TracebackType
from typing import Any, Self

SWITCHES = 0.2  # the part of lines before which somebody else may go on
HURRY = 0.01  # the part of switches at which a timeout comes although others could go on,
SOON = 1.0  # if it comes in so many seconds; a longer one comes only if nobody else can go on
STEPS = 100_000  # lines after which a run will not end any more
TICK = 1e-6  # seconds that pass with each look at the clock
PATIENCE = 60.0  # real seconds, for a schedule that is broken itself

Work = Callable[[], object]


def seeds(count: int) -> Sequence[int]:
    """The seeds to try: so many, unless VIRTLOOM_SEEDS says how many or VIRTLOOM_SEED names the one."""
    one = os.environ.get("VIRTLOOM_SEED")
    return range(int(os.environ.get("VIRTLOOM_SEEDS", count))) if one is None else [int(one)]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Say with a failure of the block how to have it again."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"To see it again: VIRTLOOM_SEED={seed}")
        raise


class Stuck(AssertionError):
    """All threads wait for ever."""


class _Abandoned(BaseException):
    """Ends a thread of a schedule that cannot go on."""


class _Task:
    """One thread of a schedule."""

    def __init__(self, name: str, work: Work) -> None:
        self.name = name
        self.work = work
        self.turn = threading.Semaphore(0)
        self.lock: ScheduledLock | None = None  # that it waits for
        self.deadline: float | None = None
        self.done = False
        self.error: BaseException | None = None
        self.thread: threading.Thread | None = None

    @property
    def ready(self) -> bool:
        return not self.done and self.lock is None


class ScheduledLock:
    """What the watched modules get for a `threading.Lock`."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._locked = False
        self._waiting: list[_Task] = []

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As `threading.Lock.acquire`."""
        schedule = self._schedule
        schedule.point()
        deadline = None if timeout < 0 else schedule.now + timeout
        while self._locked and not schedule.over:
            if not blocking or (deadline is not None and schedule.now >= deadline):
                return False
            schedule.wait(self, deadline)
        self._locked = True
        return True

    def release(self) -> None:
        """As `threading.Lock.release`: which of those who wait is the next is left to chance."""
        assert self._locked or self._schedule.over, "a lock is released that is free"
        self._locked = False
        self._schedule.wake(self)
        self._schedule.point()

    def locked(self) -> bool:
        """As `threading.Lock.locked`."""
        return self._locked

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Schedule:
    """One run. What it is to govern is made, used and looked at inside its `with` block.

    :param seed: decides everything.
    :param modules: before each of their lines another thread may go on; their locks and clocks are the schedule's.

    :ivar now: what its clock shows, in seconds.
    :ivar over: whether it was given up.
    """

    def __init__(self, seed: int, modules: Sequence[ModuleType]) -> None:
        self.now = 1000.0
        self.over = False
        self._random = Random(seed)
        self._seed = seed
        self._modules = modules
        self._files = {module.__file__ for module in modules}
        self._tasks: list[_Task] = []
        self._current: _Task | None = None
        self._ended = threading.Event()
        self._steps = 0
        self._replaced: list[tuple[ModuleType, str, Any]] = []

    def __enter__(self) -> Self:
        lock = lambda: ScheduledLock(self)  # noqa: E731
        stand_ins = {
            "threading": SimpleNamespace(**{**vars(threading), "Lock": lock}),
            "time": SimpleNamespace(**{**vars(time), "monotonic": self.monotonic}),
            "_clock": self.monotonic,
        }
        for module in self._modules:
            for name, stand_in in stand_ins.items():
                if hasattr(module, name):
                    self._replaced.append((module, name, getattr(module, name)))
                    setattr(module, name, stand_in)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._replaced:
            setattr(*self._replaced.pop())
        if error is not None:
            error.add_note(f"To see it again: VIRTLOOM_SEED={self._seed}")

    def monotonic(self) -> float:
        """The time."""
        self.now += TICK
        return self.now

    def run(self, *works: Work) -> None:
        """Do all of the works, each in a thread of its own; their first error is raised here.

        :raises Stuck: if all of them wait for ever.
        """
        self._tasks = [_Task(f"task-{number}", work) for number, work in enumerate(works)]
        self._ended.clear()
        for task in self._tasks:
            task.thread = threading.Thread(target=self._live, args=(task,), name=task.name, daemon=True)
            task.thread.start()
        self._give_turn(self._choose())
        assert self._ended.wait(PATIENCE), "the schedule itself is stuck"
        for task in self._tasks:
            assert task.thread is not None
            task.thread.join(PATIENCE)
        errors = [task.error for task in self._tasks if task.error is not None]
        self._current = None
        if errors:
            raise errors[0]

    # In the threads.

    def _live(self, task: _Task) -> None:
        task.turn.acquire()
        sys.settrace(self._enter_frame)
        try:
            task.work()
        except _Abandoned:
            pass
        except BaseException as error:
            task.error = error
        finally:
            sys.settrace(None)
        task.done = True
        self._leave()

    def _enter_frame(self, frame: FrameType, event: str, argument: object) -> Any:
        return self._reach_line if frame.f_code.co_filename in self._files else None

    def _reach_line(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            self.point()
        return self._reach_line

    def point(self) -> None:
        """Somebody else may go on here."""
        me = self._current
        if me is None or me.thread is not threading.current_thread():
            return
        if self.over:
            raise _Abandoned
        self._steps += 1
        if self._steps > STEPS:
            self._give_up(me, Stuck(f"no end after {STEPS} lines"))
        if self._random.random() < SWITCHES:
            self._switch(me)

    def wait(self, lock: ScheduledLock, deadline: float | None) -> None:
        """Set the running thread aside until a lock is released or a deadline has passed."""
        me = self._current
        if me is None:
            raise Stuck("a lock is waited for outside of the schedule")
        me.lock, me.deadline = lock, deadline
        self._switch(me)

    def wake(self, lock: ScheduledLock) -> None:
        """Let those go on who wait for a lock."""
        for task in self._tasks:
            if task.lock is lock:
                task.lock = task.deadline = None

    def _switch(self, me: _Task) -> None:
        chosen = self._choose()
        if chosen is None:
            self._give_up(me, Stuck("all threads wait: " + ", ".join(task.name for task in self._tasks if task.lock)))
        if chosen is not me:
            self._give_turn(chosen)
            me.turn.acquire()
            if self.over:
                raise _Abandoned

    def _choose(self) -> _Task | None:
        ready = [task for task in self._tasks if task.ready]
        timed = [(task.deadline, task) for task in self._tasks if task.deadline is not None]
        if timed:
            deadline, first = min(timed, key=lambda pair: pair[0])
            if not ready or (deadline < self.now + SOON and self._random.random() < HURRY):
                self.now = max(self.now, deadline)
                first.lock = first.deadline = None
                ready.append(first)
        return self._random.choice(ready) if ready else None

    def _give_turn(self, task: _Task | None) -> None:
        assert task is not None
        self._current = task
        task.turn.release()

    def _leave(self) -> None:
        """The running thread has ended."""
        if all(task.done for task in self._tasks):
            self._ended.set()
        elif not self.over:
            chosen = self._choose()
            if chosen is None:
                self._abandon(Stuck("those that are left wait for ever"))
            else:
                self._give_turn(chosen)

    def _give_up(self, me: _Task, error: Stuck) -> None:
        me.lock = None
        self._abandon(error)
        raise _Abandoned

    def _abandon(self, error: Stuck) -> None:
        """Let all threads end, each by an error where it is."""
        self.over = True
        self._tasks[0].error = self._tasks[0].error or error
        for task in self._tasks:
            task.turn.release()
