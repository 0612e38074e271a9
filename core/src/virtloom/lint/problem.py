"""What is reported: a place, a code and a sentence."""

from __future__ import annotations

import ast
from typing import NamedTuple


class Problem(NamedTuple):
    """One breach of a rule, sorted by place. Prints as ruff's do.

    :ivar path: line: column: where, as an editor counts (from 1).
    :ivar code: see `codes`.
    """

    path: str
    line: int
    column: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.code} {self.message}"


def at(path: str, node: ast.AST, code: str, message: str) -> Problem:
    """A problem at a node of a syntax tree."""
    return Problem(path, getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1, code, message)
