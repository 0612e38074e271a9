"""What lives: objects that can be listed for as long as somebody else keeps them.

Guarantees: any thread may add and list at any moment; whatever lives during the whole of a listing is in it. (A set of
the standard library's `weakref` fails if something dies while it is listed and no global lock keeps that apart.)
Assumes: putting into a dictionary, taking out of it and making a list of it are atomic, each.
"""

from __future__ import annotations

from typing import Generic, TypeVar
from weakref import ref

T = TypeVar("T")


class Living(Generic[T]):
    """Objects that are not kept alive by being here; no object is equal to another."""

    __slots__ = ("_forget", "_refs")

    def __init__(self) -> None:
        self._refs: dict[ref[T], None] = {}
        self._forget = self._refs.pop

    def add(self, obj: T) -> None:
        """Have an object listed until it dies."""
        self._refs[ref(obj, self._forget)] = None

    def all(self) -> tuple[T, ...]:
        """Those that live, in the order in which they were added."""
        return tuple([obj for made in list(self._refs) if (obj := made()) is not None])
