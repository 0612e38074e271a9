"""The lock manager makes locks and objects, and can find them again."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from virtloom.locks import Checker, Level, LockManager, ObjectType


def test_what_it_made_is_found_through_it_while_it_lives(recording: Any) -> None:
    assert set(recording.manager.locks) == {recording.driver, recording.leaf}
    assert set(recording.manager.objects) == {recording.domain, recording.other}
    recording.leaf = recording.other = None
    gc.collect()
    assert recording.manager.locks == (recording.driver,)
    assert recording.manager.objects == (recording.domain,)


def test_its_scope_begins_the_names_of_its_locks() -> None:
    assert LockManager("qemu", Checker()).lock("domains", Level.DRIVER).name == "qemu domains"
    assert LockManager("", Checker()).lock("clients", Level.SERVER).name == "clients"


@pytest.mark.parametrize(("mode", "noted"), [("record", False), ("enforce", True)])
def test_where_a_lock_is_taken_that_is_not_to_be_noted_only_a_checker_that_enforces_knows(
    mode: str, noted: bool
) -> None:
    lock = LockManager("qemu", Checker(mode)).lock("client", Level.CLIENT, noted=False)
    with lock:
        assert (lock.taken_at is not None) is noted
        assert lock.mine
    assert lock.statistics().acquired == 1


def test_it_guards_declared_types_only(recording: Any) -> None:
    with pytest.raises(ValueError, match="test did not declare the object type 'network'"):
        recording.manager.guard(ObjectType("network", "uuid"), b"", None)


def test_an_objects_lock_has_the_level_of_its_type() -> None:
    counter = ObjectType("counter", "name", Level.LEAF)
    obj = LockManager("qemu", Checker(), [counter]).guard(counter, "calls", 0)
    assert obj.lock.level is Level.LEAF


def test_objects_of_one_scope_and_type_are_one_class_of_locks(recording: Any) -> None:
    with recording.driver, recording.domain.locked():
        pass
    with recording.driver, recording.other.locked():
        pass
    edges = recording.checker.graph.edges()
    assert [(edge.held.name, edge.taken.name) for edge in edges] == [("test domains", "test domain")]
