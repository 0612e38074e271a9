"""Collections under concurrent use: whatever threads see, some order of whole operations explains it.

Each example is a few operations a thread. The history (what was asked, what was answered, in which interval) must be
that of a sequential model, in an order in which no operation stands before one that had ended when it began.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unwatched import join
from virtloom.driver.collections import Collection, NameTaken
from virtloom.locks import Checker, Guarded, LockManager, ObjectType

THING = ObjectType("thing", key="key")
FIRST = {"a": "one", "b": "two"}  # the objects that are there at the beginning, with their names
NAMES = st.sampled_from(["one", "two", "three"])
OLD, NEW, ANY = st.sampled_from(["a", "b"]), st.sampled_from(["c", "d"]), st.sampled_from(["a", "b", "c", "d"])
OPERATION = st.one_of(
    st.tuples(st.just("obtain"), NEW, NAMES),
    st.tuples(st.just("rename"), OLD, NAMES),
    st.tuples(st.just("remove"), OLD),
    st.tuples(st.just("find"), ANY),
    st.tuples(st.just("find_name"), NAMES),
    st.tuples(st.just("list")),
)
Operation = tuple[str, ...]


class Event(NamedTuple):
    """An operation that was carried out between two moments."""

    begun: int
    ended: int
    operation: Operation
    answer: object


def model(names: dict[str, str], operation: Operation) -> tuple[dict[str, str], object]:
    """What an operation makes of names by key, and what it answers."""
    match operation:
        case "obtain", key, name:
            if key in names:
                return names, False
            return (names, "taken") if name in names.values() else ({**names, key: name}, True)
        case "rename", key, name:
            if any(other != key and taken == name for other, taken in names.items()):
                return names, "taken"
            return (names, "gone") if key not in names else ({**names, key: name}, None)
        case "remove", key:
            return {other: name for other, name in names.items() if other != key}, None
        case "find", key:
            return names, key in names
        case "find_name", name:
            return names, next((key for key, taken in names.items() if taken == name), None)
    return names, tuple(names)


def carry_out(things: Collection[None], first: dict[str, Guarded[None]], operation: Operation) -> object:
    try:
        match operation:
            case "obtain", key, name:
                return things.obtain(key, name, lambda: None)[1]
            case "rename", key, name:
                things.rename(first[key], name)
                return None
            case "remove", key:
                things.remove(first[key])
                return None
            case "find", key:
                return things.find(key) is not None
            case "find_name", name:
                found = things.find_name(name)
                return None if found is None else found.key
        return tuple(thing.key for thing in things.snapshot())
    except NameTaken:
        return "taken"
    except KeyError:
        return "gone"


def explained(events: frozenset[Event], names: dict[str, str]) -> bool:
    """Whether some order of the events is one of the model's."""
    if not events:
        return True
    first_end = min(event.ended for event in events)
    for event in events:
        if event.begun < first_end:
            after, answer = model(names, event.operation)
            if answer == event.answer and explained(events - {event}, after):
                return True
    return False


def history(plans: list[list[Operation]]) -> frozenset[Event]:
    """Carry out the plans, each in a thread of its own."""
    things: Collection[None] = Collection(LockManager("test", Checker("enforce"), [THING]), THING)
    first = {key: things.obtain(key, name, lambda: None)[0] for key, name in FIRST.items()}
    clock, events, start = itertools.count(), list[Event](), threading.Barrier(len(plans))

    def follow(plan: list[Operation]) -> None:
        start.wait(10)
        for operation in plan:
            begun = next(clock)
            answer = carry_out(things, first, operation)
            events.append(Event(begun, next(clock), operation, answer))

    threads = [threading.Thread(target=follow, args=(plan,), daemon=True) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread, 10)
    assert len(events) == sum(map(len, plans)), "an operation did not end"
    return frozenset(events)


@pytest.fixture(scope="module", autouse=True)
def _eager_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(OPERATION, min_size=2, max_size=5), min_size=2, max_size=3))
def test_what_threads_see_is_explained_by_some_order_of_whole_operations(plans: list[list[Operation]]) -> None:
    events = history(plans)
    assert explained(events, FIRST), sorted(events, key=lambda event: event.begun)


def test_a_history_that_no_order_explains_is_told_from_one_that_some_order_does() -> None:
    seen_after = [Event(0, 1, ("remove", "a"), None), Event(2, 3, ("find", "a"), True)]
    seen_meanwhile = [Event(0, 3, ("remove", "a"), None), Event(1, 2, ("find", "a"), True)]
    assert not explained(frozenset(seen_after), FIRST)
    assert explained(frozenset(seen_meanwhile), FIRST)
