"""VL004: a driver's state, the attributes that are changed under its lock, used without that lock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from virtloom.lint.model import Class, Function, FunctionNode, Model
from virtloom.lint.problem import Problem, at

MUTATORS = frozenset({
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "remove",
    "setdefault", "update",
})  # fmt: skip


@dataclass
class _Use:
    """An attribute of `self` at one place, or a call of a method of its own."""

    node: ast.Attribute
    method: str
    locked: bool
    changes: bool


def unlocked_state(owner: Class, model: Model) -> Iterator[Problem]:
    """What a class does with its driver's state where it does not hold the lock."""
    locks = {name for name, kind in owner.kinds.items() if kind == "lock:DRIVER"}
    if not locks:
        return
    uses = [use for method in owner.methods.values() for use in _uses(method, locks)]
    beginnings = {"__init__", "__new__"}
    while True:
        inner = _only_called_locked(owner, uses, beginnings)
        changed = [use for use in uses if use.method in inner and not use.locked]
        if not changed:
            break
        for use in changed:
            use.locked = True
    guarded = {use.node.attr for use in uses if use.changes and use.locked and use.method not in beginnings} - locks
    for use in uses:
        if use.node.attr in guarded and not use.locked and use.method not in beginnings:
            method = owner.methods[use.method]
            lock = next(iter(sorted(locks)))
            text = f"self.{use.node.attr} is used without self.{lock}, under which it is changed elsewhere"
            yield at(method.source.path, use.node, "VL004", text)


def _only_called_locked(owner: Class, uses: list[_Use], beginnings: set[str]) -> set[str]:
    """The private methods that are called under the lock and nowhere else."""
    calls: dict[str, list[bool]] = {}
    for use in uses:
        if use.node.attr in owner.methods and use.node.attr.startswith("_"):
            calls.setdefault(use.node.attr, []).append(use.locked or use.method in beginnings)
    return {name for name, locked in calls.items() if all(locked)}


def _uses(method: Function, locks: set[str]) -> Iterator[_Use]:
    yield from _walk(method.node, method.node.name, locks, False, None)


def _walk(node: ast.AST, method: str, locks: set[str], locked: bool, parent: ast.AST | None) -> Iterator[_Use]:
    if isinstance(node, ast.With):
        takes = any(_is_self(item.context_expr) and item.context_expr.attr in locks for item in node.items)  # type: ignore[attr-defined]
        for item in node.items:
            yield from _walk(item, method, locks, locked, node)
        for statement in node.body:
            yield from _walk(statement, method, locks, locked or takes, node)
        return
    if isinstance(node, FunctionNode | ast.Lambda) and parent is not None:
        locked = False  # it runs later
    if _is_self(node):
        assert isinstance(node, ast.Attribute)
        yield _Use(node, method, locked, _changes(node, parent))
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, method, locks, locked, node)


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def _changes(node: ast.Attribute, parent: ast.AST | None) -> bool:
    """Whether the attribute, or what it holds, is changed at this place."""
    if not isinstance(node.ctx, ast.Load):
        return True
    if isinstance(parent, ast.Subscript):
        return not isinstance(parent.ctx, ast.Load)
    return isinstance(parent, ast.Attribute) and parent.attr in MUTATORS
