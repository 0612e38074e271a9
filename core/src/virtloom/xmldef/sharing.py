"""Parts that thousands of definitions have in common are one object: a definition never changes, so nobody can tell.

Of a guest's definition a third is what every guest has: what it boots from, its clock, its console.
"""

from __future__ import annotations

from typing import Any, TypeVar

from virtloom.xmldef.definition import Definition

D = TypeVar("D", bound=Definition)

PARTS = 1 << 12  # that are remembered; after so many the memory begins anew
SHORT = 12  # characters of a text that many may have; longer ones are names, paths and addresses

_parts: dict[Any, Any] = {}


def share(definition: D) -> D:
    """A definition equal to the given one, whose parts are those of earlier definitions where they are equal."""
    shared: D = _shared(definition)[0]
    return shared


def _shared(value: Any) -> tuple[Any, Any]:
    """The value with its parts shared, and what it is known by; None if nothing else is to share it."""
    if isinstance(value, Definition):
        return _definition(value)
    if type(value) is not tuple:
        return value, None
    if not value:
        return value, ()
    found = [_shared(one) for one in value]
    marks = [mark for _, mark in found]
    return (value, None) if None in marks else _one((tuple, *marks), tuple([one for one, _ in found]))


def _definition(value: Definition) -> tuple[Any, Any]:
    mark: list[Any] | None = [type(value)]
    changes = {}
    for name, old in value.__dict__.items():
        kind = type(old)
        if kind is str or kind is int or kind is bool or old is None:
            new, of_new = old, None if kind is str and len(old) > SHORT else (kind, old)
        else:
            new, of_new = _shared(old)
            if new is not old:
                changes[name] = new
        if of_new is None:
            mark = None
        elif mark is not None:
            mark += (name, of_new)
    changed = value.replace(**changes) if changes else value
    return (changed, None) if mark is None else _one(tuple(mark), changed)


def _one(mark: Any, value: Any) -> tuple[Any, Any]:
    """The object that stands for all values with a mark; its own mark from now on is its identity."""
    if len(_parts) >= PARTS:
        _parts.clear()
    kept = _parts.setdefault(mark, value)
    # What a mark names by its identity is part of the value that is kept beside it, and lives as long.
    return kept, (type(kept), id(kept))
