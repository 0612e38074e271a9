"""Collections under concurrent use: whatever threads see, some order of whole operations explains it.

Each example is a few operations a thread, under a random schedule. The history (what was asked, what was answered, in
which interval) must be that of a sequential model, in an order in which no operation stands before one that had ended
when it began. Objects are told apart, so that one that was removed is not taken for another with its key.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedules import Schedule
from virtloom.driver import collections
from virtloom.driver.collections import Collection, NameTaken
from virtloom.locks import Checker, Guarded, LockManager, ObjectGone, ObjectType, guarded, lock

THING = ObjectType("thing", key="key")
MODULES = (collections, lock, guarded)
KEYS, NAMES = st.sampled_from(["a", "b"]), st.sampled_from(["one", "two", "three"])
MINE = st.integers(0, 2)  # one of the objects that the thread has had to do with
OPERATION = st.one_of(
    st.tuples(st.just("obtain"), KEYS, NAMES),
    st.tuples(st.just("rename"), MINE, NAMES),
    st.tuples(st.just("remove"), MINE),
    st.tuples(st.just("find"), KEYS),
    st.tuples(st.just("find name"), NAMES),
    st.tuples(st.just("list")),
)
Operation = tuple[Any, ...]
Thing = Guarded[None]
Model = dict[str, tuple[Thing, str]]  # each object with its name, by its key


class Event(NamedTuple):
    """An operation that was carried out between two moments."""

    begun: int
    ended: int
    operation: Operation
    answer: object


def model(things: Model, operation: Operation, answer: object) -> tuple[Model, object]:
    """What an operation makes of the things, and what it answers.

    :param answer: what it did answer, which tells a new object's identity.
    """
    match operation:
        case "obtain", key, name:
            if key in things:
                return things, things[key][0]
            if any(taken == name for _, taken in things.values()):
                return things, "taken"
            made = answer if isinstance(answer, Guarded) and answer.key == key else None
            return ({**things, key: (made, name)}, made) if made is not None else (things, None)
        case "rename", thing, name:
            if any(other is not thing and taken == name for other, taken in things.values()):
                return things, "taken"
            if thing not in [there for there, _ in things.values()]:
                return things, "gone"
            return {**things, thing.key: (thing, name)}, None
        case "remove", thing:
            return {key: entry for key, entry in things.items() if entry[0] is not thing}, None
        case "find", key:
            return things, things.get(key, (None,))[0]
        case "find name", name:
            return things, next((thing for thing, taken in things.values() if taken == name), None)
    return things, tuple(thing for thing, _ in things.values())


def carry_out(things: Collection[None], operation: Operation) -> object:
    try:
        match operation:
            case "obtain", key, name:
                return things.obtain(key, name, lambda: None)[0]
            case "rename", thing, name:
                return things.rename(thing, name)
            case "remove", thing:
                return things.remove(thing)
            case "find", key:
                return things.find(key)
            case "find name", name:
                return things.find_name(name)
        return things.snapshot()
    except NameTaken:
        return "taken"
    except ObjectGone:
        return "gone"


def explained(events: frozenset[Event], things: Model) -> bool:
    """Whether some order of the events is one of the model's."""
    if not events:
        return True
    first_end = min(event.ended for event in events)
    for event in events:
        if event.begun < first_end:
            after, answer = model(things, event.operation, event.answer)
            if answer == event.answer and explained(events - {event}, after):
                return True
    return False


def history(plans: list[list[Operation]], seed: int) -> tuple[frozenset[Event], Model]:
    """Carry out the plans, each in a thread of its own; what happened, and what was there at first."""
    with Schedule(seed, MODULES) as schedule:
        things: Collection[None] = Collection(LockManager("test", Checker("enforce"), [THING]), THING)
        first = {"a": (things.obtain("a", "one", lambda: None)[0], "one")}
        clock, events = itertools.count(), list[Event]()

        def follow(plan: list[Operation]) -> None:
            mine: list[Thing] = [first["a"][0]]
            for what, *rest in plan:
                if what in ("rename", "remove"):
                    rest[0] = mine[-1 - rest[0] % len(mine)]
                begun, operation = next(clock), (what, *rest)
                answer = carry_out(things, operation)
                events.append(Event(begun, next(clock), operation, answer))
                if isinstance(answer, Guarded):
                    mine.append(answer)

        schedule.run(*[lambda plan=plan: follow(plan) for plan in plans])  # type: ignore[misc]
        return frozenset(events), dict(first)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.lists(OPERATION, min_size=2, max_size=5), min_size=2, max_size=3), st.integers(0, 1 << 16))
def test_what_threads_see_is_explained_by_some_order_of_whole_operations(
    plans: list[list[Operation]], seed: int
) -> None:
    events, first = history(plans, seed)
    assert explained(events, first), sorted(events, key=lambda event: event.begun)


@pytest.mark.parametrize("seed", range(30))
def test_a_name_never_leads_to_an_object_that_has_another_already(seed: int) -> None:
    """While one thread renames, another that has found the new name does not find the old one any more."""
    rename = [("rename", 0, "three"), ("rename", 0, "one")]
    look = [("find name", "three"), ("find name", "one"), ("find name", "three"), ("find name", "one")]
    events, first = history([rename, look, look], seed)
    assert explained(events, first), sorted(events, key=lambda event: event.begun)


@pytest.mark.parametrize("seed", range(30))
def test_a_late_renaming_takes_nothing_from_the_successor(seed: int) -> None:
    replace = [("remove", 0), ("obtain", "a", "two"), ("find", "a")]
    late = [("rename", 0, "three"), ("find", "a"), ("find name", "two")]
    events, first = history([replace, late], seed)
    assert explained(events, first), sorted(events, key=lambda event: event.begun)


def test_a_history_that_no_order_explains_is_told_from_one_that_some_order_does() -> None:
    thing: Thing = LockManager("test", Checker("enforce"), [THING]).guard(THING, "a", None)
    first = {"a": (thing, "one")}
    seen_after = [Event(0, 1, ("remove", thing), None), Event(2, 3, ("find", "a"), thing)]
    seen_meanwhile = [Event(0, 3, ("remove", thing), None), Event(1, 2, ("find", "a"), thing)]
    assert not explained(frozenset(seen_after), first)
    assert explained(frozenset(seen_meanwhile), first)
