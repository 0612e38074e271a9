"""Walks a function with the locks that are held at each place, and reports what may not happen there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from virtloom.lint.effects import Effect, Scope, Summaries
from virtloom.lint.holding import Held, Holding
from virtloom.lint.model import Function, FunctionNode, Model
from virtloom.lint.problem import Problem, at

# For each kind of lock that is held, what may not happen then: the code, and the sentence's end.
FORBIDDEN: dict[str, dict[Effect, str]] = {
    "object": {
        Effect.TAKES_DRIVER: "VL002",
        Effect.LOCKS_OBJECT: "VL003",
        Effect.FETCHES: "VL006",
        Effect.SLEEPS: "VL102",
        Effect.LOGS: "VL103",
        Effect.ASKS_JOB: "VL104",
    },
    "driver": {
        Effect.LOCKS_OBJECT: "VL003",
        Effect.SLEEPS: "VL102",
        Effect.LOGS: "VL103",
        Effect.ASKS_JOB: "VL104",
    },
    "lock": {Effect.LOGS: "VL103", Effect.ASKS_JOB: "VL104"},
}


class Walk:
    """One function's walk.

    :ivar problems: what was found.
    """

    def __init__(self, function: Function, model: Model, holding: Holding, summaries: Summaries) -> None:
        self.problems: list[Problem] = []
        self._function = function
        self._model = model
        self._holding = holding
        self._summaries = summaries
        self._scope: Scope = model.scope(function)
        self._run(function.node.body, ())

    def _run(self, body: list[ast.stmt], held: tuple[Held, ...]) -> None:
        for statement in body:
            self._statement(statement, held)

    def _statement(self, node: ast.stmt, held: tuple[Held, ...]) -> None:
        if isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                self._look(item.context_expr, held)
                held = self._enter(item, held)
            self._run(node.body, held)
        elif isinstance(node, FunctionNode):
            self._run(node.body, ())  # it runs later, when nothing of this is held
        elif isinstance(node, ast.ClassDef):
            pass
        else:
            for child in _parts(node):
                self._look(child, held)
            self._remember(node)
            for block in _blocks(node):
                self._run(block, held)

    def _enter(self, item: ast.withitem, held: tuple[Held, ...]) -> tuple[Held, ...]:
        node = item.context_expr
        taken = self._holding.item(node, self._function, self._scope)
        if self._holding.is_driver(node, self._function, self._scope):
            self._forbid(node, held, Effect.TAKES_DRIVER, ast.unparse(node))
        if isinstance(node, ast.Attribute) and node.attr == "lock" and self._is_guarded(node.value):
            text = f"{ast.unparse(node)} is taken; an object is locked by locked() or changing()"
            self._report(node, "VL003", text)
        if isinstance(item.optional_vars, ast.Name) and (kind := self._model.kind(node, self._scope)):
            self._scope[item.optional_vars.id] = kind
        return (*held, *taken)

    def _is_guarded(self, node: ast.expr) -> bool:
        return self._model.kind(node, self._scope) == "Guarded"

    def _remember(self, node: ast.stmt) -> None:
        """Learn the kinds of local names."""
        if isinstance(node, ast.Assign) and (kind := self._model.kind(node.value, self._scope)):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self._scope[target.id] = kind
        elif isinstance(node, ast.For) and isinstance(node.target, ast.Name) and self._is_collection(node.iter):
            self._scope[node.target.id] = "Guarded"

    def _is_collection(self, node: ast.expr) -> bool:
        return self._model.kind(node, self._scope) == "Collection"

    def _look(self, node: ast.AST, held: tuple[Held, ...]) -> None:
        """Judge all calls in an expression."""
        if isinstance(node, ast.Lambda):
            return
        if held:
            for effect, text in self._summaries.of_call(node, self._function, self._scope).items():
                self._forbid(node, held, effect, text)
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.stmt):
                self._look(child, held)

    def _forbid(self, node: ast.AST, held: tuple[Held, ...], effect: Effect, text: str) -> None:
        for lock in held:
            code = FORBIDDEN[lock.what].get(effect)
            if code is not None:
                self._report(node, code, f"{text} {effect.value} under {lock}")
                return

    def _report(self, node: ast.AST, code: str, text: str) -> None:
        self.problems.append(at(self._function.source.path, node, code, text))


def _parts(node: ast.stmt) -> Iterator[ast.AST]:
    """What a statement evaluates itself, before or beside its blocks; itself too, if it is an import or a loop."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node
    elif isinstance(node, ast.For):
        yield node.iter
        yield ast.copy_location(ast.For(node.target, node.iter, [], [], None), node)
    else:
        yield from (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr | ast.keyword))


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(node, name, [])
    for handler in getattr(node, "handlers", []):
        yield handler.body
    for case in getattr(node, "cases", []):
        yield case.body
