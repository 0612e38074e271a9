"""Snippets to check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent

import pytest

from virtloom.lint import Problem, check_paths

Check = Callable[[str], list[Problem]]

DRIVER = """\
class Driver:
    def __init__(self, host: DriverHost) -> None:
        self.host = host
        self.domains = host.collection("domain")
        self._lock = host.locks.lock("names", Level.DRIVER)
        self._names = {}

"""


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Checks a file with that text."""

    def checked(text: str) -> list[Problem]:
        path = tmp_path / "snippet.py"
        path.write_text(dedent(text))
        return check_paths([path])

    return checked


@pytest.fixture
def codes_in_driver(check: Check) -> Callable[[str], set[str]]:
    """The codes found in a driver with the given methods, or with a method of the given statements."""

    def codes(text: str) -> set[str]:
        body = dedent(text).strip()
        if not body.startswith(("def ", "@")):
            body = "def change(self, found: Guarded, other: Guarded, name: str) -> None:\n" + indent(body, "    ")
        return {problem.code for problem in check(DRIVER + indent(body, "    ") + "\n")}

    return codes
