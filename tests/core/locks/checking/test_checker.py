"""Each rule of the checker: what breaks it, and what only looks as if it did."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from virtloom.locks import Checker, Finding, JobKind, Level, Lock, LockViolation, Mode, Rule, calling, locked_pair


def line() -> int:
    """The line of the caller."""
    return sys._getframe(1).f_lineno


def lock(checker: Checker, level: Level, name: str) -> Lock:
    return Lock(level, name, checker)


@pytest.mark.parametrize("outer", list(Level))
@pytest.mark.parametrize("inner", list(Level))
def test_only_a_higher_level_is_acquired(outer: Level, inner: Level) -> None:
    checker = Checker("enforce")
    first, second = lock(checker, outer, "first"), lock(checker, inner, "second")
    if inner > outer:
        with first, second:
            pass
        assert checker.findings == ()
    else:
        with pytest.raises(LockViolation, match="second is taken while first is held"), first, second:
            pass
        assert not second.locked


def test_a_level_is_compared_with_every_lock_held() -> None:
    checker = Checker("record")
    with lock(checker, Level.OBJECT, "a"), lock(checker, Level.SERVER, "b"), lock(checker, Level.DRIVER, "c"):
        pass
    assert [finding.detail for finding in checker.findings if finding.rule is not Rule.INVERSION] == [
        "b is taken while a is held",
        "c is taken while a is held",
    ]


def test_a_breach_is_found_each_time_and_not_only_the_first() -> None:
    checker = Checker("enforce")
    leaf, server = lock(checker, Level.LEAF, "leaf"), lock(checker, Level.SERVER, "server")
    for _ in range(2):
        with pytest.raises(LockViolation), leaf, server:
            pass


def test_two_objects_are_locked_by_locked_pair_only(enforcing: Any) -> None:
    with pytest.raises(LockViolation) as caught, enforcing.domain.locked(), enforcing.other.locked():
        pass
    assert caught.value.rule is Rule.TWO_OBJECTS
    with locked_pair(enforcing.domain, enforcing.other):
        pass
    assert enforcing.broken == ["TWO_OBJECTS"]


def test_no_drivers_lock_is_taken_while_an_object_is_locked(enforcing: Any) -> None:
    with pytest.raises(LockViolation) as caught, enforcing.domain.locked(), enforcing.driver:
        pass
    assert caught.value.rule is Rule.DRIVER_UNDER_OBJECT


def test_an_object_may_be_locked_under_its_drivers_lock_if_nobody_has_it(enforcing: Any) -> None:
    with enforcing.driver, enforcing.domain.locked():
        pass
    assert enforcing.broken == []


def test_an_object_is_not_waited_for_under_a_drivers_lock(enforcing: Any, crew: Any) -> None:
    def work() -> None:
        with pytest.raises(LockViolation) as caught, enforcing.driver, enforcing.domain.locked():
            pass
        assert caught.value.rule is Rule.WAIT_UNDER_DRIVER

    with enforcing.domain.locked():
        crew.start(work)
        crew.join()
    assert not enforcing.domain.lock.locked


def test_no_object_is_obtained_while_another_is_locked(enforcing: Any) -> None:
    with pytest.raises(LockViolation) as caught, enforcing.domain.locked():
        enforcing.manager.obtaining(enforcing.domain.type)
    assert caught.value.rule is Rule.OBTAINED_UNDER_OBJECT


def test_an_object_is_obtained_under_the_drivers_lock(enforcing: Any) -> None:
    with enforcing.driver:
        enforcing.manager.obtaining(enforcing.domain.type)
    assert enforcing.broken == []


def test_a_job_is_asked_for_with_no_lock_held(enforcing: Any) -> None:
    with pytest.raises(LockViolation) as caught, enforcing.leaf, enforcing.domain.job(JobKind.QUERY):
        pass
    assert caught.value.rule is Rule.JOB_UNDER_LOCK
    with pytest.raises(LockViolation), enforcing.leaf, enforcing.domain.changing():
        pass
    assert enforcing.domain.jobs.running == ()
    with enforcing.domain.job(JobKind.QUERY), enforcing.domain.locked():
        pass
    assert enforcing.broken == ["JOB_UNDER_LOCK"] * 2


@pytest.mark.parametrize("mode", ["off", "record", "enforce"])
@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        (JobKind.MODIFY, JobKind.QUERY),
        (JobKind.MODIFY, JobKind.SAVE),
        (JobKind.SAVE, JobKind.DUMP),
        (JobKind.AGENT_QUERY, JobKind.AGENT_MODIFY),
    ],
)
def test_a_thread_is_told_at_once_that_it_would_wait_for_itself(
    workshop: Any, mode: str, outer: JobKind, inner: JobKind
) -> None:
    obj = workshop(mode).domain
    with obj.job(outer), pytest.raises(LockViolation) as caught, obj.job(inner):
        pass
    assert caught.value.rule is Rule.JOB_REENTRY
    assert f"asks for a {inner.value} job on {obj.name} inside its own {outer.value} job" in str(caught.value)
    assert obj.jobs.waiting == ()


def test_an_inversion_is_found_though_it_never_collided() -> None:
    checker = Checker("record")
    clients, domains = lock(checker, Level.CLIENT, "clients"), lock(checker, Level.OBJECT, "domain")
    with clients, domains:
        pass
    with domains, clients:
        pass
    assert [finding.rule for finding in checker.findings] == [Rule.LEVEL, Rule.INVERSION]
    assert (
        "clients is taken under domain, but elsewhere domain was taken under clients at " in checker.findings[1].detail
    )


def test_an_inversion_over_three_classes_is_found() -> None:
    checker = Checker("record")
    a, b, c = (lock(checker, Level.LEAF, name) for name in "abc")
    for outer, inner in ((a, b), (b, c), (c, a)):
        with outer, inner:
            pass
    inversions = [finding.detail for finding in checker.findings if finding.rule is Rule.INVERSION]
    assert len(inversions) == 1
    assert inversions[0].startswith("a is taken under c, but elsewhere b was taken under a at ")


def test_the_same_order_twice_is_no_inversion() -> None:
    checker = Checker("enforce")
    clients, domains = lock(checker, Level.CLIENT, "clients"), lock(checker, Level.OBJECT, "domain")
    for _ in range(2):
        with clients, domains:
            pass
    assert checker.findings == ()


def test_record_mode_writes_down_and_goes_on(recording: Any) -> None:
    with calling(api="virDomainCreate"), recording.domain.locked() as state, recording.driver:
        state.count = 1
    (finding,) = recording.checker.findings
    assert finding.rule is Rule.DRIVER_UNDER_OBJECT
    assert (finding.thread, finding.api) == (threading.current_thread().name, "virDomainCreate")


def test_a_finding_points_at_the_line_outside_of_the_package(recording: Any) -> None:
    with recording.domain.locked(), recording.driver:
        pass
    (finding,) = recording.checker.findings
    assert finding.stack[0].file == __file__
    assert finding.stack[0].function == "test_a_finding_points_at_the_line_outside_of_the_package"
    assert str(finding.stack[0]) in str(finding)
    assert str(finding).startswith("DRIVER_UNDER_OBJECT: test domains is taken while domain 01010101-")


def test_the_same_breach_at_the_same_lines_is_one_finding(recording: Any) -> None:
    for _ in range(3):
        with recording.domain.locked(), recording.driver:
            pass
    assert recording.broken == ["DRIVER_UNDER_OBJECT"]


def test_each_new_finding_is_told_to_the_listener() -> None:
    told: list[Finding] = []
    checker = Checker("record", on_finding=told.append)
    leaf, server = lock(checker, Level.LEAF, "leaf"), lock(checker, Level.SERVER, "server")
    for _ in range(2):
        with leaf, server:
            pass
    assert [finding.rule for finding in told] == [Rule.LEVEL]
    assert [finding.stack for finding in checker.findings] == [told[0].stack]


def test_a_finding_has_both_places_from_the_first_time_on() -> None:
    checker = Checker("record")
    leaf, server = lock(checker, Level.LEAF, "leaf"), lock(checker, Level.SERVER, "server")
    with leaf:
        taken = line() - 1
        with server:
            asked = line() - 1
    (finding,) = checker.findings
    assert finding.other is not None
    assert (finding.other.line, finding.stack[0].line) == (taken, asked)


@pytest.mark.parametrize("mode", ["record", "enforce"])
@pytest.mark.parametrize("way", ["locked", "locked in time", "changing"])
def test_the_place_of_an_objects_lock_is_the_line_of_its_with(workshop: Any, mode: str, way: str) -> None:
    domain = workshop(mode).domain
    enter = {"locked": domain.locked, "locked in time": lambda: domain.locked(timeout=1), "changing": domain.changing}
    with enter[way]():
        assert domain.lock.taken_at[1] == line() - 1
        assert domain.lock.taken_at.file == __file__


def test_a_job_that_is_left_running_is_found_with_the_line_that_entered_it(workshop: Any) -> None:
    shop = workshop("record")
    with shop.manager.calling("virDomainSave"):
        begun = shop.domain.job(JobKind.SAVE)
        begun.__enter__()
        entered = line() - 1
    begun.__exit__(None, None, None)
    (finding,) = shop.checker.findings
    assert (finding.rule, finding.other and finding.other.line) == (Rule.HELD_AT_END, entered)


def test_a_listener_may_look_at_the_jobs_it_is_told_about(workshop: Any) -> None:
    shop = workshop("record")
    seen: list[int] = []
    shop.checker._on_finding = lambda finding: seen.append(len(shop.domain.jobs.running))
    with shop.domain.job(JobKind.MODIFY), pytest.raises(LockViolation), shop.domain.job(JobKind.MODIFY):
        pass
    assert seen == [1]


def test_nothing_is_found_when_checking_is_off(workshop: Any) -> None:
    shop = workshop(Mode.OFF)
    with shop.domain.locked(), shop.other.locked(), shop.driver:
        shop.manager.obtaining(shop.domain.type)
    assert shop.checker.findings == ()


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="'loud' is not a valid Mode"):
        Checker("loud")
