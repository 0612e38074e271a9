"""Borrowed state: as good as the real one inside its block, and of no use after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from virtloom.locks import LockViolation, Rule

USES: dict[str, Callable[[Any], object]] = {
    "reading an attribute": lambda state: state.count,
    "setting an attribute": lambda state: setattr(state, "count", 5),
    "deleting an attribute": lambda state: delattr(state, "count"),
    "calling a method": lambda state: state.increment(),
    "printing it": str,
    "comparing it": lambda state: state == 1,
    "asking for its truth": bool,
}

CONTAINER_USES: dict[str, Callable[[Any], object]] = {
    "reading an item": lambda state: state["web"],
    "setting an item": lambda state: state.update(web=2),
    "counting": len,
    "iterating": list,
    "asking for an item": lambda state: "web" in state,
}


@pytest.mark.parametrize("use", USES.values(), ids=list(USES))
def test_state_is_useless_after_its_block(enforcing: Any, use: Callable[[Any], object]) -> None:
    with enforcing.domain.locked() as state:
        use(state)
    with pytest.raises(LockViolation, match="state used after its lock was released") as caught:
        use(state)
    assert caught.value.rule is Rule.STATE_LEAKED


@pytest.mark.parametrize("use", CONTAINER_USES.values(), ids=list(CONTAINER_USES))
def test_a_containers_items_are_useless_after_the_block(enforcing: Any, use: Callable[[Any], object]) -> None:
    obj = enforcing.manager.guard(enforcing.domain.type, b"\x03" * 16, {"web": 1})
    with obj.locked() as state:
        use(state)
    with pytest.raises(LockViolation):
        use(state)


def test_state_of_an_earlier_block_stays_useless_in_a_later_one(enforcing: Any) -> None:
    with enforcing.domain.locked() as early:
        pass
    with enforcing.domain.locked(), pytest.raises(LockViolation):
        early.increment()


def test_state_is_useless_to_another_thread_though_the_block_is_open(enforcing: Any, crew: Any) -> None:
    def work(state: Any) -> None:
        with pytest.raises(LockViolation) as caught:
            state.increment()
        assert caught.value.rule is Rule.STATE_UNLOCKED

    with enforcing.domain.locked() as state:
        crew.start(work, state)
        crew.join()


def test_what_a_method_left_behind_is_revoked_too(enforcing: Any) -> None:
    with enforcing.domain.locked() as state:
        state.count = 3
        numbers = state.numbers()
        method = state.increment
        assert next(numbers) == 0
        late = state.numbers()
    with pytest.raises(LockViolation):
        next(late)
    with pytest.raises(LockViolation):
        method()


def test_an_iteration_begun_in_the_block_does_not_go_on_after_it(enforcing: Any) -> None:
    obj = enforcing.manager.guard(enforcing.domain.type, b"\x03" * 16, ["a", "b"])
    with obj.locked() as state:
        items = iter(state)
        assert next(items) == "a"
    with pytest.raises(LockViolation):
        next(items)


def test_changes_reach_the_real_state(enforcing: Any) -> None:
    with enforcing.domain.locked() as state:
        state.count = 41
        assert state.increment() == 42
        del state.names
    with enforcing.domain.locked() as state:
        assert state.count == 42
        assert not hasattr(state, "names")


def test_a_list_grows_in_place(enforcing: Any) -> None:
    obj = enforcing.manager.guard(enforcing.domain.type, b"\x03" * 16, ["a"])
    with obj.locked() as state:
        state += ["b"]
        state.append("c")
        del state[0]
    with obj.locked() as state:
        assert state == ["b", "c"]
        assert state + ["d"] == ["b", "c", "d"]  # noqa: RUF005  (addition is what is tested)


def test_isinstance_sees_the_real_class(enforcing: Any) -> None:
    obj = enforcing.manager.guard(enforcing.domain.type, b"\x03" * 16, {"web": 1})
    with obj.locked() as state:
        assert isinstance(state, dict)
        assert dict(state) == {"web": 1}


def test_two_loans_of_one_state_are_equal(enforcing: Any) -> None:
    obj = enforcing.manager.guard(enforcing.domain.type, b"\x03" * 16, {"web": 1})
    with obj.locked() as state:
        with pytest.raises(TypeError):
            hash(state)
        assert state == state


@pytest.mark.parametrize("harmless", [None, 3, "text", (1, 2), frozenset("a")])
def test_an_immutable_built_in_is_handed_out_as_it_is(enforcing: Any, harmless: object) -> None:
    obj = enforcing.manager.guard(enforcing.domain.type, b"\x03" * 16, harmless)
    with obj.locked() as state:
        pass
    assert state is harmless


@pytest.mark.parametrize("mode", ["off", "record"])
def test_without_enforcing_the_real_state_is_given(workshop: Any, mode: str) -> None:
    obj = workshop(mode).domain
    with obj.locked() as state:
        state.count = 7
    assert state.count == 7
