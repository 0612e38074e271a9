"""The levels of locks, and the object types that a plugin declares.

Guarantees: both are immutable. The order of the levels is the order of acquisition: a thread acquires only a
lock of a higher level than every lock that it holds.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Level(IntEnum):
    """Where a lock stands; each comment says what never happens while it is held."""

    SERVER = 10  # calling a driver
    CLIENT = 20  # calling a driver
    DRIVER = 30  # waiting for an object's lock; I/O; parsing
    OBJECT = 40  # sleeping: monitor, subprocess, socket, disk flush
    LEAF = 50  # taking any other lock


class ObjectType(NamedTuple):
    """A type of objects that have a lock each, as a plugin declares it.

    :ivar name: what one of them is called: "domain", "network", "pool".
    :ivar key: what identifies one and never changes: "uuid", "name".
    :ivar level: the level of their locks.
    """

    name: str
    key: str
    level: Level = Level.OBJECT
