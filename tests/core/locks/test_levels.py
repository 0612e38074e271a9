"""The levels and the object types."""

from __future__ import annotations

from virtloom.locks import Level, ObjectType


def test_the_levels_stand_in_the_order_of_acquisition() -> None:
    assert [level.name for level in sorted(Level)] == ["SERVER", "CLIENT", "DRIVER", "OBJECT", "LEAF"]
    assert [int(level) for level in sorted(Level)] == [10, 20, 30, 40, 50]


def test_an_object_type_is_locked_at_the_level_of_objects_unless_it_says_otherwise() -> None:
    assert ObjectType("domain", key="uuid").level is Level.OBJECT
    assert ObjectType("counter", key="name", level=Level.LEAF).level is Level.LEAF
