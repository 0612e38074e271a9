"""What a call does that matters under a lock: by itself, and through the functions that it calls.

Guarantees: an effect that is reported was found in the source, and its text says where. What cannot be resolved, such
as a method of something whose class is not known, is taken to do nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple

from virtloom.lint.model import Function, Model
from virtloom.lint.source import dotted

Scope = dict[str, str]


class Effect(Enum):
    """What may not happen under one lock or another."""

    TAKES_DRIVER = "takes the driver's lock"
    LOCKS_OBJECT = "locks an object"
    FETCHES = "looks an object up"
    ASKS_JOB = "asks for a job"
    SLEEPS = "sleeps"
    LOGS = "logs"


Effects = dict[Effect, str]  # with how it comes about: "time.sleep", "_refresh, which calls host.run"

SLEEPING_FUNCTIONS = frozenset({
    "time.sleep", "os.system", "os.fsync", "os.fdatasync", "os.fork", "os.waitpid", "select.select",
    "socket.create_connection", "socket.getaddrinfo", "urllib.request.urlopen", "subprocess.run", "subprocess.call",
    "subprocess.check_call", "subprocess.check_output", "subprocess.Popen", "virtloom.driver.work.process.run",
    "virtloom.locks.might_sleep",
})  # fmt: skip
# Methods that sleep whatever they belong to; their names are used for nothing else.
SLEEPING_METHODS = frozenset({
    "communicate", "write_text", "write_bytes", "sendall", "recv", "recv_into", "recvmsg", "accept", "fsync",
    "might_sleep", "wait", "waiting",
})  # fmt: skip
# Methods that sleep if they belong to one of the host's classes.
SLEEPING_OF = {
    "DriverHost": frozenset({"run", "waiting"}),
    "DefinitionStore": frozenset({"save", "remove", "load", "load_all", "rename"}),
    "Thread": frozenset({"join"}),
    "Future": frozenset({"result", "exception"}),
}
LOG_NAMES = frozenset({"log", "logger", "logging", "_log", "_logger"})
LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})
FETCHING = frozenset({"find", "find_name", "obtain", "snapshot"})
CHANGING = frozenset({"rename", "remove"})


def direct(node: ast.AST, function: Function, model: Model, scope: Scope) -> Effects:
    """What a node does by itself."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {Effect.LOGS: "an import"}
    if isinstance(node, ast.For) and model.kind(node.iter, scope) == "Collection":
        return {Effect.FETCHES: f"iterating over {dotted(node.iter) or 'a collection'}"}
    if not isinstance(node, ast.Call):
        return {}
    name = dotted(node.func) or ""
    if isinstance(node.func, ast.Attribute):
        return _method(node.func, name, node, function, model, scope)
    full = function.source.imports.get(name, name)
    if full in SLEEPING_FUNCTIONS or (full == "open" and _for_writing(node)):
        return {Effect.SLEEPS: full}
    return {}


def _method(func: ast.Attribute, name: str, node: ast.Call, function: Function, model: Model, scope: Scope) -> Effects:
    method, owner = func.attr, model.kind(func.value, scope)
    shown = name or f"....{method}"
    if owner == "Collection" and method in FETCHING:
        return {Effect.FETCHES: shown}
    if owner == "Collection" and method in CHANGING:
        return {Effect.TAKES_DRIVER: shown}
    if method in ("locked", "changing") and owner in (None, "Guarded"):
        job = {Effect.ASKS_JOB: shown} if method == "changing" else {}
        return {Effect.LOCKS_OBJECT: shown, **job} if node.keywords or not _is_question(func) else {}
    if method == "job" and owner in (None, "Guarded"):
        return {Effect.ASKS_JOB: shown}
    parts = name.split(".")
    if len(parts) > 1 and parts[-2] in LOG_NAMES and method in LOG_METHODS:
        return {Effect.LOGS: shown}
    full = ".".join([function.source.imports.get(parts[0], parts[0]), *parts[1:]])
    if full in SLEEPING_FUNCTIONS or method in SLEEPING_METHODS or method in SLEEPING_OF.get(owner or "", ()):
        return {Effect.SLEEPS: full if full in SLEEPING_FUNCTIONS else shown}
    return {}


def _is_question(func: ast.Attribute) -> bool:
    """Whether `x.locked()` asks a bare lock whether it is held: its name says that it is one."""
    return (dotted(func.value) or "").split(".")[-1].endswith(("lock", "mutex"))


def _for_writing(node: ast.Call) -> bool:
    modes = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and set(str(mode.value)) & set("wax+") for mode in modes)


def inside(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a node runs: all below it but the bodies of functions that it only defines."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        for child in ast.iter_child_nodes(current):
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
                waiting.append(child)


class _Called(NamedTuple):
    callee: Function
    shown: str


class Summaries:
    """The effects of every function of a model, with those of what it calls.

    :param holds_driver: whether a `with` item takes a driver's lock.
    """

    def __init__(self, model: Model, holds_driver: Callable[[ast.expr, Function, Scope], bool]) -> None:
        self._model = model
        self._effects: dict[int, Effects] = {}
        calls: list[tuple[Function, list[_Called]]] = []
        for function in model.functions:
            scope = model.scope(function)
            found: Effects = {}
            called: list[_Called] = []
            for node in inside(function.node):
                found |= direct(node, function, model, scope)
                if isinstance(node, ast.withitem) and holds_driver(node.context_expr, function, scope):
                    found[Effect.TAKES_DRIVER] = ast.unparse(node.context_expr)
                if isinstance(node, ast.Call) and (callee := model.callee(node, function, scope)) is not None:
                    called.append(_Called(callee, dotted(node.func) or callee.name))
            self._effects[id(function)] = found
            calls.append((function, called))
        self._spread(calls)

    def _spread(self, calls: list[tuple[Function, list[_Called]]]) -> None:
        changed = True
        while changed:
            changed = False
            for function, called in calls:
                mine = self._effects[id(function)]
                for callee, _ in called:
                    for effect, text in self._effects[id(callee)].items():
                        if effect not in mine:
                            mine[effect] = f"{callee.name}, which calls {text}" if "which" not in text else callee.name
                            changed = True

    def of_call(self, node: ast.AST, function: Function, scope: Scope) -> Effects:
        """What a node does, by itself and through the function that it calls."""
        found = direct(node, function, self._model, scope)
        if isinstance(node, ast.Call) and not found:
            callee = self._model.callee(node, function, scope)
            if callee is not None:
                return {effect: f"{callee.name} ({text})" for effect, text in self._effects[id(callee)].items()}
        return found
