"""The order graph: which class of locks was taken while which other was held.

Locks are compared by class (all domains' locks are one class), so an inversion is found when both orders were
seen, even if no two threads ever met. The idea is lockdep's, of the Linux kernel.

Guarantees: an edge keeps the stack of the first time it was seen. `LockClass.followers` holds the classes
that may be taken next without another look: the legal ones seen already. It only grows.
Assumes: adding to a set and asking it are atomic, so that a lock may ask `followers` without the graph's
mutex.
Remaining race: two threads may both find an edge new; the second is told that it is known.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from virtloom.locks.checking.sites import Site
from virtloom.locks.levels import Level
from virtloom.locks.watching.figures import Tally


class LockClass:
    """All locks of one name and level, as the order graph sees them.

    :ivar held: waited: how long its locks were held and waited for; they outlive the locks.
    """

    __slots__ = ("followers", "held", "level", "name", "waited")

    def __init__(self, name: str, level: Level) -> None:
        self.name = name
        self.level = level
        self.followers: set[LockClass] = set()
        self.held = Tally()
        self.waited = Tally()

    def __repr__(self) -> str:
        return f"<LockClass {self.name!r} {self.level.name}>"


class Edge(NamedTuple):
    """A class was held while another was taken.

    :ivar stack: where that happened first.
    """

    held: LockClass
    taken: LockClass
    stack: tuple[Site, ...]


class OrderGraph:
    """The edges seen so far."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._classes: dict[tuple[str, Level], LockClass] = {}
        self._edges: dict[LockClass, dict[LockClass, Edge]] = {}

    def lock_class(self, name: str, level: Level) -> LockClass:
        """The class of that name and level; one object for all its locks."""
        with self._mutex:
            try:
                return self._classes[name, level]
            except KeyError:
                made = self._classes[name, level] = LockClass(name, level)
                return made

    def classes(self) -> tuple[LockClass, ...]:
        """All classes, in the order in which they were first used."""
        with self._mutex:
            return tuple(self._classes.values())

    def edges(self) -> tuple[Edge, ...]:
        """All edges, in the order in which they were first seen."""
        with self._mutex:
            return tuple(edge for taken in self._edges.values() for edge in taken.values())

    def add(self, held: LockClass, taken: LockClass, stack: tuple[Site, ...]) -> list[Edge] | None:
        """Note that `taken` was acquired under `held`.

        :return: the edges that lead from `taken` back to `held`, if the new edge closes a cycle; else None.
        """
        with self._mutex:
            known = self._edges.setdefault(held, {})
            if taken in known:
                return None
            known[taken] = Edge(held, taken, stack)
            return None if held is taken else self._path(taken, held, {taken})

    def _path(self, start: LockClass, goal: LockClass, seen: set[LockClass]) -> list[Edge] | None:
        for after, edge in self._edges.get(start, {}).items():
            if after is goal:
                return [edge]
            if after in seen:
                continue
            seen.add(after)
            rest = self._path(after, goal, seen)
            if rest is not None:
                return [edge, *rest]
        return None
