"""Two objects locked together.

Guarantees: any two threads that lock the same two objects take them in the same order, so they cannot block
one another for ever: by level, then by type, scope and key.
Assumes: the keys of one type can be compared.
"""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Any, Generic, TypeVar

from virtloom.locks.guarded import Guarded

A = TypeVar("A")
B = TypeVar("B")


class locked_pair(Generic[A, B]):  # noqa: N801  (used as a statement: `with locked_pair(a, b) as (one, other):`)
    """Lock two objects for the length of a block, which is given their states in the order of the arguments.

    :raises ObjectGone: on entering, if one of them was removed.
    :raises ValueError: on entering, if both are the same object.
    """

    __slots__ = ("_a", "_b", "_blocks")

    def __init__(self, a: Guarded[A], b: Guarded[B]) -> None:
        self._a, self._b = a, b

    def __enter__(self) -> tuple[A, B]:
        a, b = self._a, self._b
        if a.lock is b.lock:
            raise ValueError(f"locked_pair needs two objects, and was given {a.name} twice")
        with ExitStack() as blocks:
            if _place(a) < _place(b):
                states = blocks.enter_context(a.locked()), blocks.enter_context(b.locked(beside=a))
            else:
                other = blocks.enter_context(b.locked())
                states = blocks.enter_context(a.locked(beside=b)), other
            self._blocks = blocks.pop_all()
        return states

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._blocks.__exit__(kind, error, trace)


def _place(obj: Guarded[Any]) -> tuple[Any, ...]:
    return (obj.type.level, obj.type.name, obj.scope, obj.key)
