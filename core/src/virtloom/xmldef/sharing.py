"""Parts that thousands of definitions have in common are one object: a definition never changes, so nobody can tell.

Nor do the elements that stand in it as they were written; only their lines in the document are another's.

Of a guest's definition a third is what every guest has: what it boots from, its clock, its console.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import is_
from typing import Any, TypeVar

from virtloom.xmldef.definition import Definition
from virtloom.xmldef.document import Node

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
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value, None if kind is str and len(value) > SHORT else (kind, value)
    if kind is Node:
        return _node(value)
    if isinstance(value, Definition):
        return _definition(value)
    return _tuple(value) if kind is tuple else (value, None)


def _tuple(value: tuple[Any, ...]) -> tuple[Any, Any]:
    if not value:
        return value, ()
    found, marks = zip(*map(_shared, value), strict=True)
    changed = value if all(map(is_, found, value)) else found
    return (changed, None) if None in marks else _one((tuple, *marks), lambda: changed)


def _definition(value: Definition) -> tuple[Any, Any]:
    mark: list[Any] = [type(value)]
    fields = {}
    for name, old in value.__dict__.items():
        fields[name], of_new = _shared(old)
        mark += (name, of_new)
    packed = partial(type(value).packed, fields)
    return (packed(), None) if None in mark else _one(tuple(mark), packed)


def _node(value: Node) -> tuple[Any, Any]:
    texts = (value.text, *value.attrs.values())
    is_own = max(map(len, texts)) > SHORT
    if not value.children:
        return (value, None) if is_own else _one((value.tag, *value.attrs, *texts), lambda: value)
    found, marks = zip(*map(_node, value.children), strict=True)
    changed = value
    if not all(map(is_, found, value.children)):
        changed = Node(value.tag, value.attrs, value.text, value.line)
        changed.children = list(found)
    return (
        (changed, None) if is_own or None in marks else _one((value.tag, *value.attrs, *texts, marks), lambda: changed)
    )


def _one(mark: Any, make: Callable[[], Any]) -> tuple[Any, Any]:
    """The object that stands for all values with a mark; its own mark from now on is its identity.

    :param make: makes it, of parts that are shared themselves: what a mark names by its identity is part of the value
        that is kept beside it, and lives as long.
    """
    try:
        kept = _parts[mark]
    except KeyError:
        made = make()
        if len(_parts) >= PARTS:
            _parts.clear()
        kept = _parts.setdefault(mark, made)
    return kept, (type(kept), id(kept))
