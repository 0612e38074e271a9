"""The workers: how many there are, who takes the place of one that waits, and what is urgent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from server_rig import Gate, wait_until

from virtloom.errors import VirtError
from virtloom.locks import LockManager
from virtloom.server.workers import Crew, PoolSizes, WorkerPool, waiting


class Tasks:
    """Tasks that stand at a gate, waiting in the workers' sense or not."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.done: list[str] = []

    def stuck(self) -> None:
        self.gate.pass_through()

    def wait(self) -> None:
        try:
            with waiting("the test"):
                self.gate.pass_through()
            self.done.append("waited")
        except VirtError as error:
            self.done.append(error.code.name)

    def quick(self) -> None:
        self.done.append(threading.current_thread().name)


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    tasks = Tasks()
    yield tasks
    tasks.gate.open()


@pytest.fixture
def pool(locks: LockManager, tasks: Tasks) -> Iterator[WorkerPool]:
    pool = WorkerPool("crew", locks, PoolSizes(1, 3, 2, 4))
    pool.start()
    yield pool
    tasks.gate.open()
    pool.end()
    assert pool.join(time.monotonic() + 5) == []


def test_threads_are_started_as_they_are_needed_and_not_beyond_the_maximum(pool: WorkerPool, tasks: Tasks) -> None:
    assert pool.status()[0].threads == 1
    for _ in range(10):
        pool.submit(tasks.stuck)
    tasks.gate.wait_for(3)
    assert pool.status()[0].threads == 3
    assert pool.status()[0].queued == 7
    tasks.gate.open()
    wait_until(lambda: pool.status()[0].queued == 0, "all were done")


def test_an_idle_thread_is_used_before_another_is_started(pool: WorkerPool, tasks: Tasks) -> None:
    for count in range(1, 21):
        pool.submit(tasks.quick)
        wait_until(lambda: len(tasks.done) == count and pool.status()[0].idle == 1, "it is idle again")  # noqa: B023
    assert set(tasks.done) == {"crew-worker-1"}


def test_what_is_urgent_has_workers_of_its_own(pool: WorkerPool, tasks: Tasks) -> None:
    for _ in range(10):
        pool.submit(tasks.stuck)
    tasks.gate.wait_for(3)
    pool.submit(tasks.quick, urgent=True)
    wait_until(lambda: len(tasks.done) == 1, "it was done")
    assert tasks.done[0].startswith("crew-prio-")


def test_without_workers_of_its_own_what_is_urgent_shares_the_ordinary_ones(locks: LockManager, tasks: Tasks) -> None:
    pool = WorkerPool("crew", locks, PoolSizes(1, 1, 0, 0))
    pool.start()
    pool.submit(tasks.quick, urgent=True)
    wait_until(lambda: tasks.done == ["crew-worker-1"], "it was done")
    pool.end()
    assert pool.join(time.monotonic() + 5) == []


def test_one_that_waits_is_replaced_and_the_replacement_leaves_when_it_goes_on(pool: WorkerPool, tasks: Tasks) -> None:
    for _ in range(3):
        pool.submit(tasks.wait)
    tasks.gate.wait_for(3)
    pool.submit(tasks.quick)
    wait_until(lambda: len(tasks.done) == 1, "the quick one was done")
    assert pool.status()[0].waiting == 3
    tasks.gate.open()
    wait_until(lambda: pool.status()[0].threads <= 3, "no more threads than may be")
    assert pool.status()[0].waiting == 0


def test_past_the_bound_a_wait_is_refused_at_once(pool: WorkerPool, tasks: Tasks) -> None:
    for _ in range(4):
        pool.submit(tasks.wait)
    tasks.gate.wait_for(4)
    pool.submit(tasks.wait)
    wait_until(lambda: tasks.done == ["RESOURCE_BUSY"], "the fifth was refused")


def test_past_the_bound_what_must_wait_waits(pool: WorkerPool, tasks: Tasks) -> None:
    def destroy() -> None:
        with waiting("the end of the guest", must=True):
            tasks.wait()

    for _ in range(4):
        pool.submit(tasks.wait)
    tasks.gate.wait_for(4)
    pool.submit(destroy)
    tasks.gate.wait_for(5)
    assert pool.status()[0].waiting == 5
    assert tasks.done == []


def test_a_wait_within_a_wait_counts_once(pool: WorkerPool, tasks: Tasks) -> None:
    counted: list[int] = []

    def nested() -> None:
        with waiting("the test"), waiting("the test"):
            counted.append(pool.status()[0].waiting)
        counted.append(pool.status()[0].waiting)

    pool.submit(nested)
    wait_until(lambda: len(counted) == 2, "it was done")
    assert counted == [1, 0]


def test_on_a_thread_that_is_no_worker_a_wait_says_nothing() -> None:
    with waiting("the test"):
        pass


def test_a_task_that_fails_costs_no_thread(pool: WorkerPool, tasks: Tasks) -> None:
    def fail() -> None:
        raise SystemExit("a driver's bad idea")

    for _ in range(5):
        pool.submit(fail)
    pool.submit(tasks.quick)
    wait_until(lambda: len(tasks.done) == 1, "the next one was done")


def test_a_smaller_pool_loses_threads_as_they_become_idle_and_a_larger_one_gets_them(
    pool: WorkerPool, tasks: Tasks
) -> None:
    for _ in range(3):
        pool.submit(tasks.stuck)
    tasks.gate.wait_for(3)
    pool.resize(PoolSizes(1, 1, 1, 4))
    tasks.gate.open()
    wait_until(lambda: [crew.threads for crew in pool.status()] == [1, 1], "the others have left")
    pool.resize(PoolSizes(4, 5, 3, 4))
    assert [crew.threads for crew in pool.status()] == [4, 3]


def test_ending_runs_what_is_queued_and_names_what_does_not_end(locks: LockManager, tasks: Tasks) -> None:
    crew = Crew("crew", locks, 1, 1, 0)
    crew.start()
    crew.submit(tasks.stuck)
    crew.submit(tasks.quick)
    tasks.gate.wait_for(1)
    crew.end()
    assert crew.join(time.monotonic()) == ["crew-1"]
    tasks.gate.open()
    assert crew.join(time.monotonic() + 5) == []
    assert tasks.done == ["crew-1"]


def test_spare_threads_beyond_the_minimum_leave(locks: LockManager, tasks: Tasks) -> None:
    crew = Crew("crew", locks, 0, 50, 0, spare=2)
    for _ in range(50):
        crew.submit(tasks.stuck)
    tasks.gate.wait_for(50)
    tasks.gate.open()
    wait_until(lambda: crew.status().idle == crew.status().threads <= 2, "few are left")
    crew.end()
    assert crew.join(time.monotonic() + 5) == []


def test_many_tasks_from_many_threads_are_each_done_once(pool: WorkerPool) -> None:
    done: list[tuple[int, int]] = []

    def submit(giver: int) -> None:
        for number in range(500):
            pool.submit(lambda key=(giver, number): done.append(key))  # type: ignore[misc]

    givers = [threading.Thread(target=submit, args=(giver,)) for giver in range(4)]
    for thread in givers:
        thread.start()
    for thread in givers:
        thread.join()
    wait_until(lambda: len(done) == 2000, "all were done")
    assert len(set(done)) == 2000
