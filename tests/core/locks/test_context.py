"""Calls are named, and leave no lock behind."""

from __future__ import annotations

from typing import Any

import pytest

from virtloom.locks import Call, LockViolation, Rule, calling, current_call


def test_a_thread_is_called_for_nothing_outside_of_calls() -> None:
    assert current_call() == Call(None, None)


def test_a_call_is_named_for_the_length_of_its_block() -> None:
    with calling(api="virDomainCreate", client="unix 7") as call:
        assert current_call() is call
        assert call == ("virDomainCreate", "unix 7")
    assert current_call() == Call()


def test_a_call_inside_a_call_gives_way_to_the_outer_one() -> None:
    with calling(api="virDomainCreate"):
        with pytest.raises(KeyError), calling(api="virNetworkCreate"):
            raise KeyError
        assert current_call().api == "virDomainCreate"


def test_another_thread_has_a_call_of_its_own(crew: Any) -> None:
    seen: list[Call] = []
    with calling(api="virDomainCreate"):
        crew.start(lambda: seen.append(current_call()))
        crew.join()
    assert seen == [Call()]


def test_one_block_serves_calls_inside_each_other_and_of_several_threads(crew: Any) -> None:
    block, other, seen = calling(api="virDomainCreate"), calling(api="virNetworkCreate"), []

    def call() -> None:
        with block:
            seen.append(current_call().api)
        seen.append(current_call().api)

    with block:
        with other, block:
            crew.start(call)
            crew.join()
        assert current_call().api == "virDomainCreate"
    assert current_call() == Call()
    assert seen == ["virDomainCreate", None]


def test_a_lock_still_held_when_a_call_ends_is_reported(enforcing: Any) -> None:
    with pytest.raises(LockViolation) as caught, calling(api="virDomainCreate"):
        enforcing.leaf.__enter__()  # by hand, as a generator that is never finished leaves it
    assert caught.value.rule is Rule.HELD_AT_END
    assert str(caught.value) == "test events is still held at the end of virDomainCreate"
    assert current_call() == Call()
    enforcing.leaf.__exit__(None, None, None)


def test_a_lock_held_around_a_whole_call_is_not_of_that_call(enforcing: Any) -> None:
    with enforcing.driver, calling(api="virDomainCreate"):
        pass
    assert enforcing.broken == []
