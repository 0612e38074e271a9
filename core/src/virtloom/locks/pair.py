"""Two objects locked together.

Guarantees: any two threads that lock the same two objects take them in the same order, so they cannot block
one another for ever: by level, then by type, scope and key.
Assumes: the keys of one type can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from virtloom.locks.guarded import Guarded

A = TypeVar("A")
B = TypeVar("B")


@contextmanager
def locked_pair(a: Guarded[A], b: Guarded[B]) -> Iterator[tuple[A, B]]:
    """Lock two objects for the length of a block, which is given their states in the order of the arguments.

    :raises ObjectGone: if one of them was removed.
    :raises ValueError: if both are the same object.
    """
    if a is b:
        raise ValueError(f"locked_pair needs two objects, and was given {a.name} twice")
    if _place(a) < _place(b):
        with a.locked() as one, b.locked(beside=a) as other:
            yield one, other
    else:
        with b.locked() as other, a.locked(beside=b) as one:
            yield one, other


def _place(obj: Guarded[Any]) -> tuple[Any, ...]:
    return (obj.type.level, obj.type.name, obj.scope, obj.key)
