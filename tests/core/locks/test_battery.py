"""What every kind of lock promises: one battery over all of them."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest

from virtloom.locks import Checker, JobKind, Level, Lock, calling


class Exclusive:
    """One way of excluding others: how to hold it, who waits, and how it describes itself."""

    def __init__(
        self,
        hold: Callable[[], AbstractContextManager[Any]],
        waiting: Callable[[], int],
        describe: Callable[[], str],
        owner: Callable[[], str | None],
    ) -> None:
        self.hold = hold
        self.waiting = waiting
        self.describe = describe
        self.owner = owner


def plain_lock(mode: str, workshop: Any) -> Exclusive:
    lock = Lock(Level.CLIENT, "client 7", Checker(mode))
    return Exclusive(lambda: lock, lambda: len(lock.waiters), lambda: repr(lock), lambda: _owner(lock))


def object_lock(mode: str, workshop: Any) -> Exclusive:
    obj = workshop(mode).domain
    return Exclusive(obj.locked, lambda: len(obj.lock.waiters), lambda: repr(obj.lock), lambda: _owner(obj.lock))


def job_of(kind: JobKind) -> Callable[[str, Any], Exclusive]:
    def make(mode: str, workshop: Any) -> Exclusive:
        obj = workshop(mode).domain
        return Exclusive(
            lambda: obj.job(kind),
            lambda: len(obj.jobs.waiting),
            lambda: repr(obj),
            lambda: next((job.owner.thread.name for job in obj.jobs.running), None),
        )

    return make


def change(mode: str, workshop: Any) -> Exclusive:
    obj = workshop(mode).domain
    waiting = lambda: len(obj.jobs.waiting) + len(obj.lock.waiters)  # noqa: E731
    return Exclusive(obj.changing, waiting, lambda: repr(obj), lambda: _owner(obj.lock))


def _owner(lock: Lock) -> str | None:
    return None if lock.owner is None else lock.owner.thread.name


MAKERS = {
    "lock": plain_lock,
    "object": object_lock,
    "modify job": job_of(JobKind.MODIFY),
    "save job": job_of(JobKind.SAVE),
    "agent job": job_of(JobKind.AGENT_QUERY),
    "change": change,
}
KINDS = [(kind, mode) for kind in MAKERS for mode in ("off", "record", "enforce")]
# Without checking a lock is a bare one, which knows no owner and keeps no order.
KNOWING = [(kind, mode) for kind, mode in KINDS if mode != "off" or "job" in kind]


@pytest.fixture
def exclusive(request: pytest.FixtureRequest, workshop: Any) -> Exclusive:
    kind, mode = request.param
    return MAKERS[kind](mode, workshop)


def over(kinds: list[tuple[str, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("exclusive", kinds, indirect=True, ids="-".join)


@over(KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_one_thread_at_a_time_is_inside(exclusive: Exclusive, crew: Any, seed: int) -> None:
    inside: list[int] = []
    crowds: list[int] = []
    everybody = threading.Barrier(4)

    def work(number: int) -> None:
        luck = random.Random(seed * 10 + number)
        everybody.wait()
        for _ in range(100):
            with exclusive.hold():
                inside.append(number)
                for _ in range(luck.randrange(40)):
                    crowds.append(len(inside)) if len(inside) != 1 else None
                inside.remove(number)

    for number in range(4):
        crew.start(work, number)
    crew.join()
    assert crowds == []


@over(KNOWING)
def test_waiters_are_served_in_the_order_of_their_coming(exclusive: Exclusive, crew: Any, until: Any) -> None:
    served: list[int] = []

    def work(number: int) -> None:
        with exclusive.hold():
            served.append(number)

    with exclusive.hold():
        for number in range(6):
            crew.start(work, number)
            until(lambda expected=number + 1: exclusive.waiting() == expected)
    crew.join()
    assert served == [0, 1, 2, 3, 4, 5]


@over(KINDS)
def test_an_exception_in_the_block_releases_it(exclusive: Exclusive, crew: Any) -> None:
    with pytest.raises(KeyError), exclusive.hold():
        raise KeyError

    def work() -> None:
        with exclusive.hold():
            pass

    crew.start(work)
    crew.join()
    with exclusive.hold():
        pass


@over(KINDS)
def test_it_is_held_through_an_exit_stack_as_through_a_with(exclusive: Exclusive) -> None:
    for _ in range(2):
        with ExitStack() as stack:
            stack.enter_context(exclusive.hold())


@over(KNOWING)
def test_the_owner_is_known_while_it_is_held_and_only_then(exclusive: Exclusive, crew: Any) -> None:
    seen: list[str | None] = []

    def work() -> None:
        with exclusive.hold():
            seen.append(exclusive.owner())

    crew.start(work, name="worker-3")
    crew.join()
    assert seen == ["worker-3"]
    assert exclusive.owner() is None


@over(KNOWING)
def test_its_repr_names_the_thread_the_call_and_the_number_of_waiters(
    exclusive: Exclusive, crew: Any, until: Any
) -> None:
    def work() -> None:
        with exclusive.hold():
            pass

    with calling(api="virDomainSave"), exclusive.hold():
        crew.start(work)
        until(lambda: exclusive.waiting() == 1)
        text = exclusive.describe()
    assert f"thread {threading.current_thread().name} in virDomainSave" in text
    crew.join()
    assert "MainThread" not in exclusive.describe()
