"""Source files: their trees, the names that they import, and the lines on which somebody asked for silence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from virtloom.lint.problem import Problem

_NOQA = re.compile(r"#\s*noqa(?P<codes>:[ A-Z0-9,]+)?", re.IGNORECASE)


class Source:
    """One file.

    :raises SyntaxError: if it is no Python.
    """

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(text, filename=self.path)
        self._lines = text.splitlines()
        self.imports = dict(_imports(self.tree))

    @property
    def is_the_locks(self) -> bool:
        """Whether it belongs to the package that makes the locks, which alone takes them by hand."""
        return "/virtloom/locks/" in Path(self.path).resolve().as_posix()

    def silences(self, problem: Problem) -> bool:
        """Whether its line says `# noqa`, for all codes or for this one."""
        line = self._lines[problem.line - 1] if problem.line <= len(self._lines) else ""
        found = _NOQA.search(line)
        if found is None:
            return False
        codes = found["codes"]
        return codes is None or problem.code in re.split(r"[ ,:]+", codes.upper())


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The local names of what a file imports, with their full names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.split(".")[0], alias.name if alias.asname else alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def files(paths: Iterable[Path]) -> list[Path]:
    """The Python files among some paths and below them."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


def dotted(node: ast.AST) -> str | None:
    """`a.b.c` as text; None for what is no chain of names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])
