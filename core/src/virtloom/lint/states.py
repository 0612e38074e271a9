"""VL005: an object's state outside of the block that it was lent to."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from virtloom.lint.effects import Scope
from virtloom.lint.holding import Holding
from virtloom.lint.model import Function, FunctionNode, Model
from virtloom.lint.problem import Problem, at

# What takes a function to run it later, in another thread.
LATER = frozenset({"background", "later", "submit", "Thread", "Timer", "on_close"})


class States:
    """Follows the names of lent states through one function.

    :ivar problems: what was found.
    """

    def __init__(self, function: Function, model: Model, holding: Holding) -> None:
        self.problems: list[Problem] = []
        self._function = function
        self._holding = holding
        self._scope: Scope = model.scope(function)
        self._lent: set[str] = set()
        self._over: dict[str, int] = {}  # names of states whose blocks have ended, with the lines of those
        self._run(function.node.body)

    def _run(self, body: list[ast.stmt]) -> None:
        for node in body:
            self._statement(node)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.With):
            self._block(node)
        elif isinstance(node, FunctionNode | ast.ClassDef):
            self._over.pop(node.name, None)
        elif isinstance(node, ast.If | ast.Try | ast.While | ast.For | ast.Match):
            self._compound(node)
        else:
            self._leak(node)
            self._use(node)

    def _block(self, node: ast.With) -> None:
        names = []
        for item in node.items:
            self._use(item.context_expr)
            held = self._holding.item(item.context_expr, self._function, self._scope)
            if item.optional_vars is not None:
                for name in _stored(item.optional_vars):
                    self._over.pop(name, None)
                    if any(lock.what == "object" for lock in held):
                        names.append(name)
        outer = self._lent
        self._lent = outer | set(names)
        self._run(node.body)
        self._lent = outer
        self._over |= dict.fromkeys((name for name in names if name not in outer), node.lineno)

    def _compound(self, node: ast.stmt) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._use(child)
        before, after = dict(self._over), dict(self._over)
        for block in _branches(node):
            self._over = dict(before)
            self._run(block)
            after |= self._over
            after = {name: line for name, line in after.items() if name in self._over or not _leaves(block)}
        self._over = after

    def _use(self, node: ast.AST) -> None:
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load) and child.id in self._over:
                line = self._over.pop(child.id)
                self._report(child, f"{child.id} is used after its block, which began at line {line}, has ended")
        for name in _stored(node):
            self._over.pop(name, None)

    def _leak(self, node: ast.stmt) -> None:
        """A lent state that is kept beyond its block."""
        if isinstance(node, ast.Return | ast.Expr):
            value = node.value.value if isinstance(node.value, ast.Yield) else node.value
            yields = isinstance(node.value, ast.Yield) and not self._function.is_context_manager
            if isinstance(node, ast.Return) or yields:
                for name in _whole(value):
                    if name.id in self._lent:
                        self._report(name, f"{name.id} leaves the block that it was lent to")
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Attribute) for target in node.targets):
            for name in _whole(node.value):
                if name.id in self._lent:
                    self._report(name, f"{name.id} is kept beyond the block that it was lent to")
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and _name(call.func) in LATER:
                self._later(call)

    def _later(self, call: ast.Call) -> None:
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
            for name in ast.walk(argument):
                if isinstance(name, ast.Name) and name.id in self._lent and isinstance(argument, ast.Lambda | ast.Name):
                    self._report(name, f"{name.id} is handed to {_name(call.func)}, which uses it later")

    def _report(self, node: ast.AST, text: str) -> None:
        self.problems.append(at(self._function.source.path, node, "VL005", text))


def _leaves(block: list[ast.stmt]) -> bool:
    """Whether a block never goes on behind itself."""
    return bool(block) and isinstance(block[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


def _branches(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse"):
        yield getattr(node, name, [])
    for handler in getattr(node, "handlers", []):
        yield handler.body
    for case in getattr(node, "cases", []):
        yield case.body
    yield getattr(node, "finalbody", [])


def _stored(node: ast.AST) -> Iterator[str]:
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store | ast.Del):
            yield child.id


def _whole(node: ast.AST | None) -> Iterator[ast.Name]:
    """The names that a value consists of, not those that it is computed from."""
    if isinstance(node, ast.Name):
        yield node
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for item in node.elts:
            yield from _whole(item)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
