"""Locks and jobs of every kind under random schedules: what they promise holds wherever threads are switched.

VIRTLOOM_SEEDS says how many schedules each test tries, VIRTLOOM_SEED has one of them again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from itertools import takewhile
from random import Random
from typing import Any

import pytest

from schedules import Schedule, seeds
from virtloom.locks import (
    Deadlock,
    Guarded,
    Job,
    JobAborted,
    JobKind,
    JobTimeout,
    LockTimeout,
    ObjectGone,
    guarded,
    job,
    jobs,
    lock,
    locked_pair,
    pair,
    waits,
)
from virtloom.locks.context import THREADS
from virtloom.locks.kinds import ALLOWED_INSIDE, Slot
from virtloom.locks.watching.chains import chains
from virtloom.locks.watching.inspection import snapshot

MODULES = (lock, jobs, job, guarded, pair, waits, sys.modules[__name__])
MODES = ("off", "record", "enforce")
LONG = 1000.0  # seconds of a schedule's clock, which nobody waits for unless all do

Hold = Callable[[], AbstractContextManager[Any]]


def holds(shop: Any) -> dict[str, Hold]:
    """Every way of keeping others out."""
    domain, other = shop.domain, shop.other
    found: dict[str, Hold] = {
        "driver's lock": lambda: shop.driver,
        "leaf": lambda: shop.leaf,
        "object's lock": domain.locked,
        "pair": lambda: locked_pair(domain, other),
        "pair the other way round": lambda: locked_pair(other, domain),
        "change": domain.changing,
    }
    return found | {f"{kind.value} job": lambda kind=kind: domain.job(kind, timeout=LONG) for kind in JobKind}


def nothing_is_left(shop: Any) -> None:
    """Nobody holds or waits for anything any more."""
    for each in (shop.driver, shop.leaf, shop.domain.lock, shop.other.lock):
        assert (each.locked, each.waiters) == (False, ()), each
    for each in (shop.domain, shop.other):
        assert (each.jobs.running, each.jobs.waiting) == ((), ()), each


def holding_nothing(work: Callable[[], object]) -> Callable[[], None]:
    """The work, after which its thread must be rid of all that it took."""

    def checked() -> None:
        work()
        assert (THREADS.me.held, THREADS.me.jobs, THREADS.me.waiting_for) == ([], [], None)

    return checked


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", seeds(6))
def test_each_kind_lets_one_inside_at_a_time_and_forgets_nobody(workshop: Any, mode: str, seed: int) -> None:
    for name in holds(workshop(mode)):
        with Schedule(seed, MODULES) as schedule:
            shop = workshop(mode)
            hold, inside, turns = holds(shop)[name], [], []

            def work(hold: Hold = hold, inside: list[int] = inside, turns: list[str] = turns, name: str = name) -> None:
                for _ in range(2):
                    with hold():
                        inside.append(1)
                        assert len(inside) == 1, name
                        turns.append(name)
                        inside.pop()

            schedule.run(*[holding_nothing(work)] * 3)
            assert len(turns) == 6
            nothing_is_left(shop)


@pytest.mark.parametrize("name", ["leaf", "object's lock", "change", "modify job", "agent query job"])
def test_the_last_to_leave_does_not_forget_the_last_to_come(workshop: Any, name: str) -> None:
    """Nobody comes after them who would serve a forgotten one all the same."""
    for seed in seeds(100):
        with Schedule(seed, MODULES) as schedule:
            shop = workshop("record")
            hold = holds(shop)[name]

            def work(hold: Hold = hold) -> None:
                with hold():
                    pass

            schedule.run(*[holding_nothing(work)] * 2)
            nothing_is_left(shop)


class Ledger:
    """The jobs of one object that their owners know to run, and which of them may do so together."""

    def __init__(self) -> None:
        self._running: list[Job] = []

    def enter(self, begun: Job) -> None:
        for other in self._running:
            if "killed" not in (other.ended_by, begun.ended_by):
                assert not self._clash(other, begun), f"{begun!r} beside {other!r}"
        self._running.append(begun)

    def leave(self, obj: Guarded[Any], ended: Job) -> None:
        assert ended in obj.jobs.running or ended.ended_by == "killed", f"{ended!r} was ended by another"
        self._running.remove(ended)

    @staticmethod
    def _clash(one: Job, other: Job) -> bool:
        slots = {one.kind.slot, other.kind.slot}
        if Slot.AGENT in slots or len(slots) == 1:
            return len(slots) == 1
        inside, outer = sorted((one, other), key=lambda each: each.kind in ALLOWED_INSIDE)
        return inside.owner is not outer.owner and inside.kind not in ALLOWED_INSIDE[outer.kind]


class Actor:
    """One thread that does this and that with two objects.

    :ivar changes: how often it has changed the state of each.
    """

    def __init__(self, shop: Any, ledgers: dict[Guarded[Any], Ledger], luck: Random) -> None:
        self.shop = shop
        self.ledgers = ledgers
        self.luck = luck
        self.changes = {shop.domain: 0, shop.other: 0}

    def __call__(self) -> None:
        for _ in range(5):
            act = self.luck.choice((self.look, self.lock, self.hurry, self.both, self.work, self.work, self.change,
                                    self.fail, self.kill, self.abort, self.watch))  # fmt: skip
            with suppress(LockTimeout, JobTimeout, JobAborted):
                act(self.luck.choice((self.shop.domain, self.shop.other)))

    def bump(self, obj: Guarded[Any], state: Any) -> None:
        before = state.count
        self.changes[obj] += 1
        state.count = before + 1

    def look(self, obj: Guarded[Any]) -> None:
        with self.shop.driver:
            pass
        with obj.locked(), self.shop.leaf:
            pass

    def lock(self, obj: Guarded[Any]) -> None:
        with obj.locked() as state:
            self.bump(obj, state)

    def hurry(self, obj: Guarded[Any]) -> None:
        with obj.locked(timeout=self.luck.choice((0, 0.01))) as state:
            self.bump(obj, state)

    def both(self, obj: Guarded[Any]) -> None:
        other = self.shop.other if obj is self.shop.domain else self.shop.domain
        with locked_pair(obj, other) as (mine, its):
            self.bump(obj, mine)
            self.bump(other, its)

    def work(self, obj: Guarded[Any]) -> None:
        kind = self.luck.choice(list(JobKind))
        with obj.job(kind, timeout=self.luck.choice((0, 0.01, LONG))) as begun:
            self.ledgers[obj].enter(begun)
            try:
                with obj.job(JobKind.QUERY, timeout=0.01) if kind.slot is Slot.ASYNC else nullcontext():
                    self.lock(obj)
                begun.check()
            finally:
                self.ledgers[obj].leave(obj, begun)

    def change(self, obj: Guarded[Any]) -> None:
        with obj.changing(timeout=self.luck.choice((0, LONG))) as state:
            self.bump(obj, state)

    def fail(self, obj: Guarded[Any]) -> None:
        with suppress(KeyError), obj.changing() as state:
            self.bump(obj, state)
            raise KeyError

    def kill(self, obj: Guarded[Any]) -> None:
        if self.luck.random() < 0.5:
            obj.kill_jobs("killed")
            return
        with obj.changing(kind=JobKind.DESTROY, killing="killed", timeout=0) as state:
            self.bump(obj, state)

    def abort(self, obj: Guarded[Any]) -> None:
        obj.abort_job("aborted")

    def watch(self, obj: Guarded[Any]) -> None:
        seen = snapshot(self.shop.manager)
        assert len([one for one in seen.jobs if one.running and one.object_name == obj.name]) <= len(Slot)
        chains()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", seeds(40))
def test_whatever_threads_do_to_two_objects_the_rules_hold(workshop: Any, mode: str, seed: int) -> None:
    with Schedule(seed, MODULES) as schedule:
        shop = workshop(mode)
        ledgers = {shop.domain: Ledger(), shop.other: Ledger()}
        actors = [Actor(shop, ledgers, Random(f"{seed}-{number}")) for number in range(3)]
        schedule.run(*map(holding_nothing, actors))
        nothing_is_left(shop)
        assert shop.broken == []
        for obj in ledgers:
            with obj.locked() as state:
                assert state.count == sum(actor.changes[obj] for actor in actors)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", seeds(20))
@pytest.mark.parametrize("by", ["change", "lock"])
def test_nobody_enters_an_object_that_was_removed(workshop: Any, mode: str, seed: int, by: str) -> None:
    with Schedule(seed, MODULES) as schedule:
        shop = workshop(mode)
        domain, removed = shop.domain, []
        # Who removes it holds a job or not; if not, a job may run to its end beside that.
        remover: Hold = domain.changing if by == "change" else domain.locked
        modify: Hold = lambda: domain.job(JobKind.MODIFY, timeout=LONG)  # noqa: E731

        def use(enter: Hold) -> Callable[[], None]:
            def work() -> None:
                with suppress(ObjectGone):
                    for _ in range(2):
                        with enter():
                            assert not removed or (enter is modify and by == "lock")

            return holding_nothing(work)

        def remove() -> None:
            with remover():
                domain.retire()
                removed.append(domain)

        schedule.run(use(domain.locked), use(domain.changing), use(modify), holding_nothing(remove))
        nothing_is_left(shop)
        with pytest.raises(ObjectGone), domain.locked():
            pass


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", seeds(5))
def test_a_change_that_comes_too_late_leaves_no_job(workshop: Any, mode: str, seed: int) -> None:
    """1. a change waits for a job; 2. the lock is taken; 3. the change has its job; 4. the object is removed."""
    with Schedule(seed, MODULES) as schedule:
        shop = workshop(mode)
        domain = shop.domain

        def hold() -> None:
            with domain.job(JobKind.SAVE):
                while not (domain.jobs.waiting and domain.lock.locked):
                    pass

        def change() -> None:
            while not domain.jobs.running:
                pass
            with suppress(ObjectGone), domain.changing(timeout=LONG):
                pytest.fail("an object was changed that had been removed")

        def remove() -> None:
            while not domain.jobs.waiting:
                pass
            with domain.locked():
                while domain.jobs.waiting:
                    pass
                domain.retire()

        schedule.run(*map(holding_nothing, (hold, change, remove)))
        nothing_is_left(shop)


@pytest.mark.parametrize("seed", seeds(20))
def test_a_job_that_was_killed_does_not_end_the_one_that_took_its_place(workshop: Any, seed: int) -> None:
    with Schedule(seed, MODULES) as schedule:
        shop = workshop("enforce")
        domain, ledger = shop.domain, Ledger()

        def work() -> None:
            for _ in range(4):
                with suppress(JobAborted), domain.job(JobKind.MODIFY, timeout=LONG) as begun:
                    ledger.enter(begun)
                    ledger.leave(domain, begun)

        def kill() -> None:
            for _ in range(8):
                domain.kill_jobs("killed")

        schedule.run(*map(holding_nothing, (work, work, kill)))
        nothing_is_left(shop)


@pytest.mark.parametrize("mode", ["record", "enforce"])
@pytest.mark.parametrize("seed", seeds(20))
@pytest.mark.parametrize("size", [2, 3])
def test_a_circle_is_broken_at_one_place_within_a_second_and_the_others_go_on(
    workshop: Any, mode: str, seed: int, size: int
) -> None:
    with Schedule(seed, MODULES) as schedule:
        shop = workshop(mode, job_timeout=LONG)
        objects = [shop.domain, shop.other, shop.manager.guard(shop.domain.type, b"\x03" * 16, object())][:size]
        done, victims, began, all_hold = [], [], [], [0]

        def work(number: int) -> None:
            one, next_one = objects[number], objects[(number + 1) % size]
            try:
                with one.job(JobKind.MODIFY):
                    all_hold[0] += 1
                    while all_hold[0] < size:
                        pass
                    began.append(schedule.now)
                    with next_one.job(JobKind.MODIFY):
                        done.append(number)
            except Deadlock:
                victims.append(number)
                assert schedule.now < began[-1] + 1.0  # from when the last one began to wait

        schedule.run(*[holding_nothing(lambda number=number: work(number)) for number in range(size)])
        assert (len(victims), len(done)) == (1, size - 1)
        assert set(shop.broken) == {"DEADLOCK"}
        nothing_is_left(shop)


def overtaken(turns: list[tuple[str, list[str]]]) -> int:
    """How often one who stood in a queue had to let pass one who came later.

    :param turns: each thread that had a turn, with those who stood in the queue then, first the one that is next.
    """
    count = 0
    for place, (_, queue) in enumerate(turns):
        for position, waiter in enumerate(queue):
            ahead = set(queue[:position])
            served = takewhile(lambda turn, waiter=waiter: turn[0] != waiter, turns[place + 1 :])
            count += sum(1 for name, _ in served if name not in ahead)
    return count


@pytest.mark.parametrize("mode", ["record", "enforce"])
@pytest.mark.parametrize("seed", seeds(30))
@pytest.mark.parametrize("what", ["lock", "object", "job"])
def test_nobody_who_stands_in_a_queue_is_overtaken(workshop: Any, mode: str, seed: int, what: str) -> None:
    with Schedule(seed, MODULES) as schedule:
        shop = workshop(mode)
        domain = shop.domain
        hold, queue = {
            "lock": (lambda: shop.driver, lambda: _names(shop.driver.waiters)),
            "object": (domain.locked, lambda: _names(domain.lock.waiters)),
            "job": (lambda: domain.job(JobKind.MODIFY, timeout=LONG), lambda: _names(domain.jobs.waiting)),
        }[what]
        turns: list[tuple[str, list[str]]] = []

        def work() -> None:
            for _ in range(4):
                with hold():
                    turns.append((THREADS.me.thread.name, queue()))

        schedule.run(*[holding_nothing(work)] * 4)
        assert len(turns) == 16
        assert overtaken(turns) == 0


def _names(queue: Any) -> list[str]:
    return [one.owner.thread.name for one in queue]


@pytest.mark.parametrize("seed", seeds(60))
def test_a_waiting_job_lets_pass_only_whom_the_running_one_admits(
    workshop: Any, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No stream of others keeps a job waiting: while no asynchronous job bars it, it is overtaken by nobody."""
    begin, turns = jobs.Jobs._start, []

    def watched(self: jobs.Jobs, begun: Job) -> None:
        """Under the jobs' mutex; those in the queue are those whom this job overtakes."""
        outer = self._slots.get(Slot.ASYNC)
        for waiting in self._queue:
            assert outer is not None, f"{begun!r} overtakes {waiting!r}"
            assert waiting.kind not in outer.allowed, f"{begun!r} overtakes {waiting!r} inside {outer!r}"
        turns.append(begun)
        begin(self, begun)

    with Schedule(seed, MODULES) as schedule:
        shop = workshop("enforce")
        monkeypatch.setattr(jobs.Jobs, "_start", watched)

        def work(kind: JobKind, rounds: int) -> None:
            for _ in range(rounds):
                with shop.domain.job(kind, timeout=LONG):
                    pass

        plans = ((JobKind.SAVE, 2), (JobKind.QUERY, 5), (JobKind.MODIFY, 3), (JobKind.QUERY, 5))
        schedule.run(*[holding_nothing(lambda plan=plan: work(*plan)) for plan in plans])
        assert len(turns) == sum(rounds for _, rounds in plans)


def test_the_same_seed_makes_the_same_run(workshop: Any) -> None:
    def run() -> list[str]:
        with Schedule(7, MODULES) as schedule:
            domain, order = workshop("enforce").domain, []

            def work() -> None:
                for _ in range(5):
                    with domain.locked():
                        order.append(THREADS.me.thread.name)

            schedule.run(work, work, work)
            return order

    first = run()
    assert first == run()
    assert len(set(first)) == 3
