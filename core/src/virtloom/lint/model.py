"""What the source defines: classes with the kinds of their attributes, and functions; over all files that are read.

Kinds are names: a class's, or "lock:DRIVER" and its like for locks. They are found from annotations, from what is
assigned in methods, and from what the host's methods are known to return. What is not found is None, and nothing is
reported about it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from virtloom.lint.source import Source, dotted

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

# What methods of the host's classes return, for plugins whose check does not read the core.
KNOWN_RETURNS = {
    ("DriverHost", "collection"): "Collection",
    ("DriverHost", "store"): "DefinitionStore",
    ("Collection", "find"): "Guarded",
    ("Collection", "find_name"): "Guarded",
}
KNOWN_ATTRIBUTES = {("DriverHost", "locks"): "LockManager"}


@dataclass(eq=False)
class Function:
    """A function or method."""

    node: FunctionNode
    source: Source
    owner: Class | None
    is_context_manager: bool = False

    @property
    def name(self) -> str:
        """Its name, with its class's before it."""
        return self.node.name if self.owner is None else f"{self.owner.name}.{self.node.name}"

    @property
    def parameters(self) -> list[ast.arg]:
        """Its parameters that have a name of their own."""
        given = self.node.args
        return [*given.posonlyargs, *given.args, *given.kwonlyargs]


@dataclass(eq=False)
class Class:
    """A class: its bases by name, the kinds of its attributes, its methods."""

    name: str
    bases: list[str]
    kinds: dict[str, str] = field(default_factory=dict)
    methods: dict[str, Function] = field(default_factory=dict)


class Model:
    """All classes and functions of some files.

    :ivar functions: all of them, nested ones excepted.
    """

    def __init__(self, sources: Iterable[Source]) -> None:
        self.classes: dict[str, Class] = {}
        self.functions: list[Function] = []
        self._by_name: dict[str, list[Function]] = {}
        for source in sources:
            for node in source.tree.body:
                if isinstance(node, ast.ClassDef):
                    self._add_class(source, node)
                elif isinstance(node, FunctionNode):
                    self._add(Function(node, source, None))
        for function in self.functions:
            self._learn(function)

    def _add_class(self, source: Source, node: ast.ClassDef) -> None:
        made = Class(node.name, [name.split(".")[-1] for base in node.bases if (name := _base(base))])
        self.classes[node.name] = made
        for item in node.body:
            if isinstance(item, FunctionNode):
                made.methods[item.name] = self._add(Function(item, source, made))
            elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                _note(made, item.target.id, annotated(item.annotation))

    def _add(self, function: Function) -> Function:
        names = [dotted(item) or "" for item in function.node.decorator_list]
        function.is_context_manager = any(name.split(".")[-1] == "contextmanager" for name in names)
        self.functions.append(function)
        self._by_name.setdefault(function.node.name, []).append(function)
        return function

    def _learn(self, function: Function) -> None:
        """The kinds of the attributes that a method assigns."""
        if function.owner is None:
            return
        scope = self.scope(function)
        for node in ast.walk(function.node):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if _is_self(target):
                        _note(function.owner, target.attr, self.kind(node.value, scope))  # type: ignore[attr-defined]
            elif isinstance(node, ast.AnnAssign) and _is_self(node.target):
                kind = annotated(node.annotation)
                if kind in (None, "Lock") and node.value is not None:
                    kind = self.kind(node.value, scope)
                _note(function.owner, node.target.attr, kind)  # type: ignore[union-attr]

    def scope(self, function: Function) -> dict[str, str]:
        """The kinds of a function's parameters, `self` included."""
        named = function.parameters
        kinds = {arg.arg: kind for arg in named if arg.annotation and (kind := annotated(arg.annotation))}
        if function.owner is not None and named:
            kinds[named[0].arg] = function.owner.name
        return kinds

    def kind(self, node: ast.AST, scope: dict[str, str]) -> str | None:
        """The kind of an expression."""
        if isinstance(node, ast.Name):
            return scope.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self.kind(node.value, scope)
            return None if owner is None else self.attribute(owner, node.attr)
        if isinstance(node, ast.Call):
            return self._called(node, scope)
        return None

    def _called(self, node: ast.Call, scope: dict[str, str]) -> str | None:
        if isinstance(node.func, ast.Name):
            return node.func.id if node.func.id in self.classes or node.func.id == "Collection" else None
        if not isinstance(node.func, ast.Attribute):
            return None
        level = _lock_level(node)
        if level is not None:
            return f"lock:{level}"
        owner = self.kind(node.func.value, scope)
        if owner is None:
            return None
        found = self.method(owner, node.func.attr)
        if found is not None and found.node.returns is not None:
            return annotated(found.node.returns)
        return KNOWN_RETURNS.get((owner, node.func.attr))

    def lineage(self, name: str) -> Iterator[Class]:
        """A class and its bases, as far as they were read."""
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            current = waiting.pop(0)
            if current not in seen and (found := self.classes.get(current)) is not None:
                seen.add(current)
                yield found
                waiting += found.bases

    def attribute(self, owner: str, name: str) -> str | None:
        """The kind of an attribute."""
        for found in self.lineage(owner):
            if name in found.kinds:
                return found.kinds[name]
        return KNOWN_ATTRIBUTES.get((owner, name))

    def method(self, owner: str, name: str) -> Function | None:
        """A method; one of a class that is mixed in elsewhere is found by its name, if no other has it."""
        for found in self.lineage(owner):
            if name in found.methods:
                return found.methods[name]
        others = [function for function in self._by_name.get(name, ()) if function.owner is not None]
        return others[0] if owner in self.classes and len(others) == 1 and name.startswith("_") else None

    def callee(self, node: ast.Call, function: Function, scope: dict[str, str]) -> Function | None:
        """The function that a call calls, if that is known."""
        if isinstance(node.func, ast.Name):
            name = node.func.id
            if any(one.arg == name for one in function.parameters):
                return None  # whatever was given
            full = function.source.imports.get(name)
            found = [one for one in self._by_name.get((full or name).split(".")[-1], ()) if one.owner is None]
            here = [one for one in found if one.source is function.source]
            candidates = here if full is None else here or found
            return candidates[0] if len(candidates) == 1 else None
        if isinstance(node.func, ast.Attribute):
            owner = self.kind(node.func.value, scope)
            return None if owner is None else self.method(owner, node.func.attr)
        return None


def _base(node: ast.expr) -> str | None:
    return dotted(node.value if isinstance(node, ast.Subscript) else node)


def _note(owner: Class, name: str, kind: str | None) -> None:
    if kind is not None:
        owner.kinds.setdefault(name, kind)


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def _lock_level(node: ast.Call) -> str | None:
    """The level of `locks.lock("name", Level.DRIVER)`, or of `Lock(Level.DRIVER, ...)`."""
    name = dotted(node.func) or ""
    if name.split(".")[-1] not in ("lock", "Lock"):
        return None
    for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
        text = dotted(argument) or ""
        if text.startswith("Level."):
            return text.removeprefix("Level.")
    return None


def annotated(node: ast.expr) -> str | None:
    """The class that an annotation names: `Collection[Domain] | None` names Collection."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return annotated(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return None
    if isinstance(node, ast.BinOp):
        return annotated(node.left) or annotated(node.right)
    if isinstance(node, ast.Subscript):
        return annotated(node.value)
    name = dotted(node)
    return None if name in (None, "None") else str(name).split(".")[-1]
