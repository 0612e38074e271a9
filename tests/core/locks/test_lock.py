"""The lock itself: what it counts, how long it waits, and its races, forced step by step."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from virtloom.locks import Checker, Level, Lock, LockStatistics, LockTimeout, LockViolation, Rule
from virtloom.locks.lock import CheckedLock, UncheckedLock, Waiter


def make(mode: str = "record") -> Lock:
    return Lock(Level.CLIENT, "client 7", Checker(mode))


def test_a_checker_that_is_off_gets_locks_that_cost_nothing() -> None:
    assert isinstance(make("off"), UncheckedLock)
    assert isinstance(make("record"), CheckedLock)
    assert isinstance(make("enforce"), CheckedLock)


@pytest.mark.parametrize("mode", ["off", "record", "enforce"])
def test_a_lock_says_whether_it_is_locked(mode: str) -> None:
    lock = make(mode)
    assert (lock.locked, lock.mine) == (False, False)
    with lock:
        assert (lock.locked, lock.mine) == (True, True)
    assert (lock.locked, lock.mine) == (False, False)


def test_an_unchecked_lock_has_nothing_to_tell() -> None:
    lock = make("off")
    with lock:
        assert (lock.owner, lock.since, lock.waiters) == (None, None, ())
        assert repr(lock) == "<UncheckedLock 'client 7' CLIENT locked, 0 waiting>"
    assert lock.statistics() == LockStatistics()


def test_another_threads_lock_is_not_mine(crew: Any) -> None:
    lock = make()
    seen: list[bool] = []
    with lock:
        crew.start(lambda: seen.append(lock.mine))
        crew.join()
    assert seen == [False]


def test_statistics_count_acquisitions_and_waits(crew: Any, until: Any) -> None:
    lock = make()

    def work() -> None:
        with lock:
            pass

    with lock:
        crew.start(work)
        until(lambda: len(lock.waiters) == 1)
    crew.join()
    seen = lock.statistics()
    assert (seen.acquired, seen.contended) == (2, 1)
    assert 0 < seen.waited_longest <= seen.waited_total
    assert 0 < seen.held_longest <= seen.held_total


@pytest.mark.parametrize("mode", ["off", "record", "enforce"])
def test_waiting_ends_when_the_caller_said_so(mode: str, crew: Any) -> None:
    lock = make(mode)

    def work() -> None:
        with pytest.raises(LockTimeout) as caught:
            lock.enter(timeout=0.001)
        assert caught.value.lock_name == "client 7"

    with lock:
        crew.start(work)
        crew.join()
        assert lock.waiters == ()
    with lock:
        pass


def test_a_waiter_that_gave_up_is_passed_over(crew: Any, until: Any) -> None:
    lock = make()
    served: list[str] = []

    def give_up() -> None:
        with pytest.raises(LockTimeout):
            lock.enter(timeout=0.05)
        served.append("gave up")

    def work() -> None:
        with lock:
            served.append("worked")

    with lock:
        crew.start(give_up)
        until(lambda: len(lock.waiters) == 1)
        crew.start(work)
        until(lambda: served == ["gave up"])
    crew.join()
    assert served == ["gave up", "worked"]


def test_a_lock_cannot_be_taken_twice_even_where_breaches_are_only_recorded() -> None:
    lock = make("record")
    with pytest.raises(LockViolation) as caught, lock, lock:
        pass
    assert caught.value.rule is Rule.REENTRY
    assert not lock.locked


def test_a_lock_cannot_be_released_by_another_thread(crew: Any) -> None:
    lock = make("record")

    def work() -> None:
        with pytest.raises(LockViolation) as caught:
            lock.__exit__(None, None, None)
        assert caught.value.rule is Rule.FOREIGN_RELEASE

    with lock:
        crew.start(work)
        crew.join()
        assert lock.mine


def test_locks_may_be_released_in_any_order(enforcing: Any) -> None:
    enforcing.driver.__enter__()
    enforcing.leaf.__enter__()
    enforcing.driver.__exit__(None, None, None)
    assert enforcing.leaf.mine
    enforcing.leaf.__exit__(None, None, None)
    with enforcing.driver, enforcing.leaf:
        pass
    assert enforcing.broken == []


class Liar:
    """Stands in for the bare lock's `acquire` or `release`, and runs a step of the test around it."""

    def __init__(self, real: Callable[..., Any], before: Callable[[], None], after: Callable[[], None]) -> None:
        self._real = real
        self._before = before
        self._after = after

    def __call__(self, *arguments: Any) -> Any:
        self._before()
        result = self._real(*arguments)
        self._after()
        return result


def test_a_release_between_a_waiters_first_look_and_its_joining_is_not_missed(crew: Any) -> None:
    """1. a waiter finds the lock taken; 2. the owner releases, seeing none wait; 3. the waiter joins, and is served."""
    lock = make()
    assert isinstance(lock, CheckedLock)
    looked, released = threading.Event(), threading.Event()
    real = lock._try

    def slow(*arguments: Any) -> bool:
        got: bool = real(*arguments)
        lock._try = real
        looked.set()
        assert released.wait(10)
        return got

    def work() -> None:
        with lock:
            pass

    with lock:
        lock._try = slow  # type: ignore[assignment]
        crew.start(work)
        assert looked.wait(10)
    released.set()
    crew.join()
    assert lock.statistics().acquired == 2


def test_a_waiter_that_joins_just_before_the_lock_is_freed_is_served(crew: Any, until: Any) -> None:
    """1. the owner sees no waiter; 2. a waiter joins; 3. the owner frees the lock, and must look again."""
    lock = make()
    assert isinstance(lock, CheckedLock)

    def work() -> None:
        with lock:
            pass

    def let_one_join() -> None:
        lock._free = real
        crew.start(work)
        until(lambda: len(lock.waiters) == 1)

    real = lock._free
    with lock:
        lock._free = Liar(real, before=let_one_join, after=lambda: None)
    crew.join()
    assert lock.statistics().acquired == 2


def test_a_newcomer_that_slips_in_before_a_waiter_hands_the_lock_on_to_it(crew: Any, until: Any) -> None:
    """The race that remains: 1. a waiter joins as above; 2. the lock is freed; 3. a newcomer takes it."""
    lock = make()
    assert isinstance(lock, CheckedLock)
    served: list[str] = []
    newcomer_is_in, newcomer_may_go = threading.Event(), threading.Event()

    def wait_in_line() -> None:
        with lock:
            served.append("waiter")

    def slip_in() -> None:
        with lock:
            served.append("newcomer")
            newcomer_is_in.set()
            assert newcomer_may_go.wait(10)

    def let_one_join() -> None:
        lock._free = real
        crew.start(wait_in_line)
        until(lambda: len(lock.waiters) == 1)

    def let_another_slip_in() -> None:
        crew.start(slip_in)
        assert newcomer_is_in.wait(10)

    real = lock._free
    with lock:
        lock._free = Liar(real, before=let_one_join, after=let_another_slip_in)
    newcomer_may_go.set()
    crew.join()
    assert served == ["newcomer", "waiter"]


def test_a_lock_handed_over_in_the_moment_of_the_timeout_is_held(crew: Any, until: Any) -> None:
    """1. a waiter's time is up; 2. before it leaves the queue, the lock is handed over to it; 3. it has the lock."""
    lock = make()
    assert isinstance(lock, CheckedLock)
    real = lock._withdraw
    late, handed_over = threading.Event(), threading.Event()

    def slow(waiter: Any) -> bool:
        late.set()
        assert handed_over.wait(10)
        return real(waiter)

    slow_lock = type("Slow", (CheckedLock,), {"__slots__": (), "_withdraw": lambda self, waiter: slow(waiter)})
    lock.__class__ = slow_lock
    held: list[bool] = []

    def work() -> None:
        lock.enter(timeout=0.001)
        held.append(lock.mine)
        lock.__exit__(None, None, None)

    with lock:
        crew.start(work)
        assert late.wait(10)
    handed_over.set()
    crew.join()
    assert held == [True]
    assert not lock.locked


class Interrupted:
    """Stands in for a waiter's gate: the wait fails, either while it waits in line or just as the lock is its own."""

    def __init__(self, waits: threading.Event, may_fail: threading.Event) -> None:
        self._waits, self._may_fail = waits, may_fail

    def acquire(self, timeout: float) -> bool:
        self._waits.set()
        assert self._may_fail.wait(10)
        raise KeyboardInterrupt

    def release(self) -> None:
        """The lock is handed over."""


@pytest.mark.parametrize("handed_over", [False, True])
def test_an_interrupted_wait_leaves_the_lock_to_others(
    crew: Any, monkeypatch: pytest.MonkeyPatch, handed_over: bool
) -> None:
    lock = make()
    waits, may_fail = threading.Event(), threading.Event()

    class Rude(Waiter):
        def __init__(self, lock: Any, owner: Any) -> None:
            super().__init__(lock, owner)
            self.gate = Interrupted(waits, may_fail)  # type: ignore[assignment]

    monkeypatch.setattr("virtloom.locks.lock.Waiter", Rude)

    def work() -> None:
        with pytest.raises(KeyboardInterrupt), lock:
            pass

    with lock:
        crew.start(work)
        assert waits.wait(10)
        if not handed_over:
            may_fail.set()
            crew.join()
            assert lock.waiters == ()
    may_fail.set()
    crew.join()
    assert not lock.locked
    assert lock._try(False)  # type: ignore[attr-defined]
