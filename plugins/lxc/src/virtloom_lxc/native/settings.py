"""A file of `lxc.key = value` lines, as they stand (lxc.container.conf(5))."""

from __future__ import annotations

import re

from virtloom.errors import ErrorCode, ErrorDomain, VirtError

Setting = tuple[str, str]
NAME = re.compile(r"[A-Za-z0-9_.]+")


def parse(text: str) -> list[Setting]:
    """The settings of a file, in order; a key may come more than once.

    :raises VirtError: CONF_SYNTAX, with the line, in the words of `virConfReadString`.
    """
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name = NAME.match(stripped)
        if name is None:
            raise _syntax(number, "expecting a name")
        rest = stripped[name.end() :].lstrip()
        if not rest.startswith("="):
            raise _syntax(number, "expecting an assignment")
        found.append((name[0], rest[1:].strip()))
    return found


def _syntax(line: int, what: str) -> VirtError:
    return VirtError(ErrorCode.CONF_SYNTAX, f"memory conf:{line}: {what}", ErrorDomain.CONF)


class Settings:
    """The settings of one file, to look things up in."""

    def __init__(self, every: list[Setting]) -> None:
        self.every = every

    def first(self, *names: str) -> str | None:
        """The value of the first of some names that is there and not empty; older names follow newer ones."""
        for name in names:
            for key, value in self.every:
                if key == name and value:
                    return value
        return None

    def all(self, *names: str) -> list[str]:
        """The values of every line with one of the names."""
        return [value for key, value in self.every if key in names]

    def below(self, prefix: str) -> list[Setting]:
        """The settings whose names begin so, with the rest of the name."""
        return [(key[len(prefix) :], value) for key, value in self.every if key.startswith(prefix)]
