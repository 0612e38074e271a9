"""What a `with` statement holds: an object, a driver's lock, another lock, or nothing of the kind."""

from __future__ import annotations

import ast
from typing import NamedTuple

from virtloom.lint.effects import Scope
from virtloom.lint.model import Function, Model
from virtloom.lint.source import dotted


class Held(NamedTuple):
    """A lock that is held.

    :ivar what: "object", "driver", or "lock" for those of other levels.
    :ivar text: the source that took it.
    :ivar line: where.
    """

    what: str
    text: str
    line: int

    def __str__(self) -> str:
        return f"{self.text} (line {self.line})"


class Holding:
    """Finds out what `with` items hold, over the context managers that the source itself makes."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._brackets: dict[int, tuple[str, ...]] = {}

    def item(self, node: ast.expr, function: Function, scope: Scope) -> list[Held]:
        """The locks that a `with` item takes, in their order."""
        return [Held(what, ast.unparse(node), node.lineno) for what in self._kinds(node, function, scope)]

    def is_driver(self, node: ast.expr, function: Function, scope: Scope) -> bool:
        """Whether a `with` item is a driver's lock itself."""
        return self._model.kind(node, scope) == "lock:DRIVER"

    def _kinds(self, node: ast.expr, function: Function, scope: Scope) -> tuple[str, ...]:
        kind = self._model.kind(node, scope) or ""
        if kind.startswith("lock:"):
            return {"lock:DRIVER": ("driver",), "lock:OBJECT": ("object",)}.get(kind, ("lock",))
        if not isinstance(node, ast.Call):
            return ()
        callee = self._model.callee(node, function, scope)
        if callee is not None:
            return self._bracket(callee)
        name = (dotted(node.func) or "").split(".")[-1]
        if isinstance(node.func, ast.Attribute):
            name = node.func.attr
            if name in ("locked", "changing"):
                return ("object",)
        return ("object",) if name == "locked_pair" else ()

    def _bracket(self, function: Function) -> tuple[str, ...]:
        """What a context manager made of a generator holds when it yields."""
        if not function.is_context_manager:
            return ()
        known = self._brackets.get(id(function))
        if known is None:
            self._brackets[id(function)] = ()  # for one that calls itself
            known = self._at_yield(function.node.body, function, self._model.scope(function)) or ()
            self._brackets[id(function)] = known
        return known

    def _at_yield(self, body: list[ast.stmt], function: Function, scope: Scope) -> tuple[str, ...] | None:
        for statement in body:
            if isinstance(statement, ast.With):
                held = tuple(
                    kind for item in statement.items for kind in self._kinds(item.context_expr, function, scope)
                )
                within = self._at_yield(statement.body, function, scope)
                if within is not None:
                    return held + within
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield):
                return ()
            else:
                for name in ("body", "orelse", "finalbody"):
                    within = self._at_yield(getattr(statement, name, []), function, scope)
                    if within is not None:
                        return within
        return None
