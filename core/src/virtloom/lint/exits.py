"""VL001 and VL101: locks that are taken by hand, and ways out of a function on which they are still held.

The walk keeps, for each place, all sets of locks that may be held there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from virtloom.lint.effects import Scope
from virtloom.lint.holding import Holding
from virtloom.lint.model import Function, Model
from virtloom.lint.problem import Problem, at

TAKE, GIVE = frozenset({"acquire", "__enter__"}), frozenset({"release", "__exit__"})
ENDS = frozenset({"acquire", "__enter__", "_enter", "enter", "lock"})  # functions whose work it is to leave a lock held
_LOCK_NAME = re.compile(r"(lock|mutex|sem|semaphore|condition|cond)s?$", re.IGNORECASE)

States = frozenset[frozenset[str]]
NOTHING: States = frozenset({frozenset()})


class Exits:
    """One function's walk.

    :ivar problems: what was found.
    """

    def __init__(self, function: Function, model: Model, holding: Holding) -> None:
        self.problems: list[Problem] = []
        self._function = function
        self._model = model
        self._holding = holding
        self._scope: Scope = model.scope(function)
        self._finals: list[list[ast.stmt]] = []
        for node in ast.walk(function.node):
            self._bare(node)
        last = self._run(function.node.body, NOTHING)
        self._leave(function.node.body[-1], last, "the function ends")
        if not function.is_context_manager:
            self._yields(function.node.body, None)

    def _lock(self, node: ast.AST) -> tuple[str, str] | None:
        """What a call does to which lock: ("acquire", "self._lock")."""
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            return None
        method, receiver = node.func.attr, node.func.value
        if method not in TAKE | GIVE:
            return None
        kind, text = self._model.kind(receiver, self._scope) or "", ast.unparse(receiver)
        known = kind.startswith("lock:") or _LOCK_NAME.search(text) is not None
        return (method, text) if known else None

    def _bare(self, node: ast.AST) -> None:
        found = self._lock(node)
        if found is not None:
            self._report(node, "VL101", f"{found[1]}.{found[0]}(): locks are held by `with` alone")

    # The walk: from the locks that may be held before a statement to those after it.

    def _run(self, body: list[ast.stmt], states: States) -> States:
        for node in body:
            states = self._statement(node, states)
        return states

    def _statement(self, node: ast.stmt, states: States) -> States:
        if isinstance(node, ast.Return | ast.Raise):
            self._leave(node, self._through_finals(self._calls(node, states)), "this leaves the function")
            return frozenset()
        if isinstance(node, ast.Try):
            return self._try(node, states)
        if isinstance(node, ast.If):
            return self._if(node, states)
        if isinstance(node, ast.While | ast.For):
            return states | self._run(node.body, states) | self._run(node.orelse, states)
        if isinstance(node, ast.With):
            return self._run(node.body, states)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return states
        return self._calls(node, states)

    def _if(self, node: ast.If, states: States) -> States:
        """`if lock.acquire(timeout=1):` holds it in one branch alone."""
        test, then, other = node.test, node.body, node.orelse
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test, then, other = test.operand, other, then
        if self._lock(test) is None:
            states = self._calls(node.test, states)
            return self._run(then, states) | self._run(other, states)
        return self._run(then, self._calls(test, states)) | self._run(other, states)

    def _try(self, node: ast.Try, states: States) -> States:
        self._finals.append(node.finalbody)
        after = self._run(node.body, states)
        # An exception may come before or after anything that the block does.
        broken = states | after
        ends = self._run(node.orelse, after)
        for handler in node.handlers:
            ends |= self._run(handler.body, broken)
        self._finals.pop()
        return self._run(node.finalbody, ends)

    def _through_finals(self, states: States) -> States:
        outer = self._finals
        while self._finals:
            final, self._finals = self._finals[-1], self._finals[:-1]
            states = self._run(final, states)
        self._finals = outer
        return states

    def _calls(self, node: ast.AST, states: States) -> States:
        for child in ast.walk(node):
            found = self._lock(child)
            if found is not None:
                method, text = found
                states = frozenset(held | {text} if method in TAKE else held - {text} for held in states)
        return states

    def _leave(self, node: ast.AST, states: States, how: str) -> None:
        held = sorted({text for state in states for text in state})
        if held and self._function.node.name not in ENDS:
            self._report(node, "VL001", f"{', '.join(held)} may still be held when {how}")

    # Generators: their caller runs while they stand at a `yield`.

    def _yields(self, body: list[ast.stmt], held: str | None) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            within = held
            if isinstance(node, ast.With):
                locks = [lock for item in node.items for lock in self._item(item)]
                within = locks[-1] if locks else held
            elif held is not None:
                self._report_yields(node, held)
            for block in _blocks(node):
                self._yields(block, within)

    def _item(self, item: ast.withitem) -> list[str]:
        return [str(lock) for lock in self._holding.item(item.context_expr, self._function, self._scope)]

    def _report_yields(self, node: ast.stmt, held: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Yield | ast.YieldFrom):
                self._report(child, "VL001", f"{held} is held while the caller of this generator runs")

    def _report(self, node: ast.AST, code: str, text: str) -> None:
        self.problems.append(at(self._function.source.path, node, code, text))


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(node, name, [])
    for handler in getattr(node, "handlers", []):
        yield handler.body
