"""Collections: a key and a name belong to one object, and a busy object delays nobody's look-up."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from unwatched import wait
from virtloom.driver.collections import Collection, NameTaken
from virtloom.locks import Checker, LockManager, LockViolation, Mode, ObjectGone, ObjectType

THING = ObjectType("thing", key="number")


class State:
    def __init__(self) -> None:
        self.value = 0


@pytest.fixture
def things() -> Collection[State]:
    return Collection(LockManager("test", Checker(Mode.ENFORCE), (THING,)), THING)


def test_an_object_is_made_once_and_found_by_key_and_name(things: Collection[State]) -> None:
    made, new = things.obtain(1, "one", State)
    again, anew = things.obtain(1, "one", State)
    assert (new, anew) == (True, False)
    assert made is again is things.find(1) is things.find_name("one")
    assert things.find(2) is None
    assert list(things) == [made]


def test_a_name_belongs_to_one_object(things: Collection[State]) -> None:
    one, _ = things.obtain(1, "one", State)
    two, _ = things.obtain(2, "two", State)
    with pytest.raises(NameTaken) as caught:
        things.obtain(3, "one", State)
    assert caught.value.holder is one
    with pytest.raises(NameTaken):
        things.rename(two, "one")
    things.rename(two, "three")
    assert things.find_name("two") is None
    assert things.find_name("three") is two


def test_what_was_removed_leaves_its_key_and_name_to_others(things: Collection[State]) -> None:
    one, _ = things.obtain(1, "one", State)
    with one.locked():
        one.retire()
    things.remove(one)
    things.remove(one)
    other, new = things.obtain(1, "one", State)
    assert new
    things.remove(one)
    assert things.find(1) is other
    with pytest.raises(ObjectGone):
        things.rename(one, "two")
    assert things.find_name("one") is other


def test_an_object_that_was_removed_gets_no_name_and_takes_none_from_its_successor(things: Collection[State]) -> None:
    one, _ = things.obtain(1, "one", State)
    things.remove(one)
    with pytest.raises(ObjectGone):
        things.rename(one, "another")
    successor, _ = things.obtain(1, "heir", State)
    with pytest.raises(ObjectGone):
        things.rename(one, "another")
    assert things.find(1) is things.find_name("heir") is successor
    assert things.find_name("another") is None
    assert list(things) == [successor]


def test_while_an_object_is_renamed_both_names_are_its_own(things: Collection[State]) -> None:
    one, _ = things.obtain(1, "one", State)
    with things.renaming(one, "two"):
        assert (things.find_name("one"), things.find_name("two")) == (None, one)
        for name in ("one", "two"):
            with pytest.raises(NameTaken):
                things.obtain(2, name, State)
    assert things.obtain(2, "one", State)[1]


def test_a_renaming_that_fails_leaves_the_old_name(things: Collection[State]) -> None:
    one, _ = things.obtain(1, "one", State)
    with pytest.raises(OSError, match="disk"), things.renaming(one, "two"):
        raise OSError("disk")
    assert (things.find_name("one"), things.find_name("two"), one.label) == (one, None, "one")
    assert things.obtain(2, "two", State)[1]


@pytest.mark.parametrize("fails", [False, True])
def test_an_object_that_is_removed_while_it_is_renamed_keeps_neither_name(
    things: Collection[State], fails: bool
) -> None:
    one, _ = things.obtain(1, "one", State)
    with suppress(OSError), things.renaming(one, "two"):
        things.remove(one)
        if fails:
            raise OSError
    assert things.obtain(2, "one", State)[1]
    assert things.obtain(3, "two", State)[1]


def test_a_busy_object_delays_no_look_up(things: Collection[State]) -> None:
    things.obtain(1, "busy", State)
    things.obtain(2, "idle", State)
    busy, held, done = things.find(1), threading.Event(), threading.Event()

    def hold() -> None:
        assert busy is not None
        with busy.locked():
            held.set()
            wait(done, 30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    assert things.find(1) is busy
    assert things.find_name("idle") is not None
    assert len(things.snapshot()) == 2
    done.set()
    holder.join(30)


def test_the_drivers_lock_is_not_taken_under_an_objects(things: Collection[State]) -> None:
    one, _ = things.obtain(1, "one", State)
    with one.locked(), pytest.raises(LockViolation):
        things.find(2)


def test_each_change_that_can_be_seen_makes_another_edition(things: Collection[State]) -> None:
    seen = [things.edition.current]

    def changed() -> bool:
        seen.append(things.edition.current)
        return seen[-1] is not seen[-2]

    one, _ = things.obtain(1, "one", State)
    assert changed()
    things.obtain(1, "one", State)
    things.find(1)
    assert not changed()
    with one.locked():
        one.publish("as it is now")
    assert changed()
    things.rename(one, "another")
    assert changed()
    with one.locked():
        one.retire()
    assert changed()
    things.remove(one)
    assert changed()
