"""Threads that wait for each other: found, explained, and broken by failing one (how soon: `test_schedules`)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from virtloom.locks import Deadlock, JobKind, LockManager, Rule, calling

Hold = Callable[[Any], AbstractContextManager[Any]]

HOLDS: dict[str, Hold] = {
    "lock": lambda obj: obj.locked(),
    "modify job": lambda obj: obj.job(JobKind.MODIFY),
    "save job": lambda obj: obj.job(JobKind.SAVE),
    "agent job": lambda obj: obj.job(JobKind.AGENT_QUERY),
    "change": lambda obj: obj.changing(),
}


class Circle:
    """Threads that each hold one object and then want the next one's; their steps are led by barriers."""

    def __init__(self, objects: list[Any], holds: list[Hold]) -> None:
        self.objects = objects
        self.holds = holds
        self.all_hold = threading.Barrier(len(objects))
        self.failed: dict[str, Deadlock] = {}
        self.went_on: list[str] = []

    def walk(self, place: int) -> None:
        mine, next_one = self.objects[place], self.objects[(place + 1) % len(self.objects)]
        hold, then = self.holds[place], self.holds[(place + 1) % len(self.holds)]
        api = f"virDomainStep{place}"
        with calling(api=api), hold(mine):
            self.all_hold.wait(10)
            try:
                with then(next_one):
                    self.went_on.append(api)
            except Deadlock as error:
                self.failed[api] = error


def run(crew: Any, circle: Circle) -> None:
    for place in range(len(circle.objects)):
        crew.start(circle.walk, place, name=f"worker-{place}")
    crew.join()


def objects(shop: Any, count: int) -> list[Any]:
    return [shop.manager.guard(shop.domain.type, bytes([place]) * 16, None) for place in range(1, count + 1)]


@pytest.mark.parametrize("held", ["lock", "modify job", "save job", "agent job"])
@pytest.mark.parametrize("length", [2, 3, 5])
def test_a_circle_is_broken_by_failing_exactly_one(recording: Any, crew: Any, held: str, length: int) -> None:
    circle = Circle(objects(recording, length), [HOLDS[held]] * length)
    run(crew, circle)
    assert len(circle.failed) == 1
    assert len(circle.went_on) == length - 1
    assert all(not obj.lock.locked and not obj.jobs.running and not obj.jobs.waiting for obj in circle.objects)


def test_a_circle_may_lead_over_locks_and_jobs_of_two_drivers(recording: Any, crew: Any) -> None:
    other = LockManager("other", recording.checker, recording.manager.object_types)
    pool = other.guard(recording.manager.object_types[1], b"\x09" * 16, None)
    circle = Circle([recording.domain, pool], [HOLDS["modify job"], HOLDS["lock"]])
    run(crew, circle)
    assert len(circle.failed) == 1
    ((api, error),) = circle.failed.items()
    for told in (recording.domain.name, pool.name, "thread worker-0 in virDomainStep0", "thread worker-1 in"):
        assert told in str(error)
    assert str(error).startswith("deadlock: waiting for ")
    (finding,) = [finding for finding in recording.checker.findings if finding.rule is Rule.DEADLOCK]
    assert [step.split(" at ")[0] for step in finding.detail.split("; ")] == [
        step.split(" waits ")[0] for step in error.cycle.split("; ")
    ]
    assert finding.detail.count(f" at {__file__}:") == 2  # where each of the two waits
    assert finding.other is not None
    assert finding.other.file == __file__
    assert api in str(error)


def test_a_daemons_own_thread_is_spared(recording: Any, crew: Any) -> None:
    one, other = objects(recording, 2)
    both_hold = threading.Barrier(2)
    outcomes: dict[str, str] = {}

    def walk(mine: Any, wanted: Any) -> None:
        name = threading.current_thread().name
        with mine.job(JobKind.MODIFY):
            both_hold.wait(10)
            try:
                with wanted.job(JobKind.MODIFY):
                    outcomes[name] = "went on"
            except Deadlock:
                outcomes[name] = "failed"

    def called() -> None:
        with calling(api="virDomainSave"):
            walk(other, one)

    crew.start(walk, one, other, name="events")
    crew.start(called, name="worker")
    crew.join()
    assert outcomes == {"events": "went on", "worker": "failed"}


def test_a_long_wait_is_no_deadlock(recording: Any, crew: Any, until: Any) -> None:
    looked = threading.Event()
    search = recording.checker.watch._search
    recording.checker.watch.looks = ((0.01, lambda wait: (search(wait), looked.set())),)
    entered: list[int] = []

    def work() -> None:
        with recording.domain.locked():
            entered.append(1)

    with recording.domain.job(JobKind.MODIFY):
        with recording.domain.locked():
            crew.start(work)
            until(looked.is_set)
            assert entered == []
        crew.join()
    assert entered == [1]
    assert recording.broken == []


def test_what_stands_beside_a_circle_waits_on(recording: Any, crew: Any, until: Any) -> None:
    circle = Circle(objects(recording, 2), [HOLDS["modify job"]] * 2)
    served: list[str] = []

    def bystander() -> None:
        with circle.objects[0].job(JobKind.MODIFY):
            served.append("bystander")

    with circle.objects[0].job(JobKind.AGENT_QUERY):
        crew.start(circle.walk, 0)
        until(lambda: len(circle.objects[0].jobs.running) == 2)
        crew.start(bystander)
        until(lambda: len(circle.objects[0].jobs.waiting) == 1)
        crew.start(circle.walk, 1)
        crew.join()
    assert served == ["bystander"]
    assert len(circle.failed) == 1


def test_with_checking_off_nobody_looks(workshop: Any) -> None:
    assert workshop("off").checker.watch.looks == ()
