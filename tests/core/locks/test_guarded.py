"""Guarded objects: the way to the state, its end, and what may be read without a lock."""

from __future__ import annotations

from typing import Any

import pytest

from virtloom.locks import JobKind, LockTimeout, LockViolation, ObjectGone, Rule

MODES = pytest.mark.parametrize("mode", ["off", "record", "enforce"])


@MODES
def test_a_removed_object_is_not_entered_again(workshop: Any, mode: str) -> None:
    obj = workshop(mode).domain
    with obj.locked():
        obj.retire()
    for block in (obj.locked(), obj.changing(), obj.job(JobKind.QUERY)):
        with pytest.raises(ObjectGone) as caught, block:
            pass
        assert (caught.value.type_name, caught.value.key) == ("domain", b"\x01" * 16)
    assert not obj.lock.locked
    assert obj.jobs.running == ()


@MODES
def test_who_waited_for_the_lock_of_an_object_finds_it_gone(workshop: Any, mode: str, crew: Any, until: Any) -> None:
    obj = workshop(mode).domain
    begun: list[int] = []

    def work() -> None:
        begun.append(1)
        with pytest.raises(ObjectGone), obj.locked():
            pass

    with obj.locked():
        crew.start(work)
        until(lambda: bool(begun))
        obj.retire()
    crew.join()


@MODES
def test_who_waited_for_a_job_on_an_object_finds_it_gone(workshop: Any, mode: str, crew: Any, until: Any) -> None:
    obj = workshop(mode).domain

    def work(block: Any) -> None:
        with pytest.raises(ObjectGone), block():
            pass

    with obj.job(JobKind.DESTROY):
        crew.start(work, lambda: obj.job(JobKind.QUERY))
        crew.start(work, obj.changing)
        until(lambda: len(obj.jobs.waiting) == 2)
        with obj.locked():
            obj.retire()
        crew.join()


def test_an_object_removed_between_its_job_and_its_lock_leaves_no_job_behind(
    recording: Any, crew: Any, until: Any
) -> None:
    """1. a change waits for a job; 2. it gets it while the object is locked; 3. the object is retired meanwhile."""
    obj = recording.domain

    def work() -> None:
        with pytest.raises(ObjectGone), obj.changing():
            pass

    with obj.job(JobKind.QUERY) as job:
        crew.start(work)
        until(lambda: len(obj.jobs.waiting) == 1)
        with obj.locked():
            job._jobs.end(job)
            until(lambda: len(obj.lock.waiters) == 1)
            obj.retire()
        crew.join()
    assert obj.jobs.running == ()


@pytest.mark.parametrize("mode", ["record", "enforce"])
def test_only_who_holds_the_lock_retires_or_publishes(workshop: Any, mode: str) -> None:
    shop = workshop(mode)
    for use in (shop.domain.retire, lambda: shop.domain.publish(1)):
        if mode == "enforce":
            with pytest.raises(LockViolation) as caught:
                use()
            assert caught.value.rule is Rule.STATE_UNLOCKED
        else:
            use()
    assert shop.broken == ["STATE_UNLOCKED"] * 2


def test_a_query_reads_what_was_published_while_a_job_runs_and_the_object_is_locked(enforcing: Any, crew: Any) -> None:
    obj = enforcing.domain
    assert obj.published is None
    seen: list[Any] = []
    with obj.changing():
        obj.publish(("running", 2))
        crew.start(lambda: seen.append(obj.published))
        crew.join()
    assert seen == [("running", 2)]


def test_a_change_is_a_modify_job_and_the_lock(enforcing: Any) -> None:
    obj = enforcing.domain
    with obj.changing(api="virDomainSetMemory") as state:
        state.count += 1
        (job,) = obj.jobs.running
        assert (job.kind, job.api) == (JobKind.MODIFY, "virDomainSetMemory")
        assert obj.lock.mine
    assert obj.jobs.running == ()
    assert not obj.lock.locked


def test_a_change_in_nobodys_way_takes_the_lock_once(recording: Any) -> None:
    with recording.domain.changing():
        pass
    assert recording.domain.lock.statistics().acquired == 1


def test_a_change_waits_for_a_running_job_with_the_lock_released(enforcing: Any, crew: Any, until: Any) -> None:
    obj = enforcing.domain
    steps: list[str] = []

    def work() -> None:
        with obj.changing():
            steps.append("changed")

    with obj.job(JobKind.MODIFY):
        crew.start(work)
        until(lambda: len(obj.jobs.waiting) == 1)
        with obj.locked():
            steps.append("looked")
    crew.join()
    assert steps == ["looked", "changed"]


def test_a_change_is_made_inside_ones_own_long_job(enforcing: Any) -> None:
    with enforcing.domain.job(JobKind.SAVE), enforcing.domain.changing() as state:
        state.count += 1
    assert enforcing.broken == []


def test_the_wait_for_a_lock_may_be_bounded(enforcing: Any, crew: Any) -> None:
    def work() -> None:
        with (
            pytest.raises(LockTimeout, match="it is held by thread MainThread"),
            enforcing.domain.locked(timeout=0.001),
        ):
            pass

    with enforcing.domain.locked():
        crew.start(work)
        crew.join()


def test_it_describes_itself(enforcing: Any) -> None:
    obj = enforcing.domain
    name = "domain 01010101-0101-0101-0101-010101010101"
    assert obj.name == name
    assert repr(obj) == f"<Guarded {name} unlocked, no job, 0 waiting for one>"
    with obj.locked():
        assert "locked, no job" in repr(obj)
        obj.retire()
    assert "removed" in repr(obj)
