"""Each code: what it explains as wrong is found, what it explains as right is not; with more of both kinds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from virtloom.lint import CODES, Code, check_paths

Codes = Callable[[str], set[str]]

BAD = [
    ("VL001", "self._lock.acquire()\nif name:\n    raise KeyError(name)\nself._lock.release()"),
    ("VL001", "def names(self):\n    with self._lock:\n        yield from self._names"),
    ("VL002", "with found.locked():\n    with self._lock:\n        self._names.clear()"),
    ("VL002", "with found.locked():\n    self.domains.rename(found, name)"),
    ("VL003", "with found.locked(), other.locked():\n    pass"),
    ("VL003", "with found.lock:\n    pass"),
    ("VL005", "with found.locked() as state:\n    pass\nstate.name = name"),
    ("VL005", "with found.locked() as state:\n    self.kept = state"),
    ("VL005", "with found.locked() as state:\n    return state"),
    ("VL005", "with found.locked() as state:\n    self.host.background(lambda: state.stop())"),
    ("VL006", "with found.locked():\n    self.domains.find_name(name)"),
    ("VL006", "with found.locked():\n    for other in self.domains:\n        pass"),
    ("VL101", "self._lock.acquire()"),
    ("VL102", "import time\nwith found.locked():\n    time.sleep(1)"),
    ("VL102", "with self._lock:\n    open(name, 'w')"),
    ("VL103", "with found.locked():\n    import json"),
    ("VL104", "with self._lock:\n    with found.job(JobKind.MODIFY):\n        pass"),
]
GOOD = [
    "def names(self):\n    with self._lock:\n        names = list(self._names)\n    yield from names",
    "with found.locked() as state:\n    pass\nwith other.locked() as state:\n    state.name = name",
    "with locked_pair(found, other) as (one, two):\n    one.name = two.name",
    "with found.locked() as state:\n    return state.name, list(state.disks)",
    "with found.locked():\n    self.host.background(lambda: self.domains.find(name))",
    "with found.locked():\n    open(name)",
    "lines = [name]\nlines.append(name)\nself.host.run(lines, deadline=1)",
    "with self.host.files.acquire(name):\n    pass",
]


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.code)
def test_what_is_explained_as_wrong_is_found_and_as_right_is_not(codes_in_driver: Codes, code: Code) -> None:
    assert code.code in codes_in_driver(code.wrong)
    assert codes_in_driver(code.right) == set()


@pytest.mark.parametrize(("code", "text"), BAD)
def test_a_mistake_is_found(codes_in_driver: Codes, code: str, text: str) -> None:
    assert code in codes_in_driver(text)


@pytest.mark.parametrize("text", GOOD)
def test_what_keeps_to_the_rules_is_not_reported(codes_in_driver: Codes, text: str) -> None:
    assert codes_in_driver(text) == set()


def test_a_mistake_is_found_through_the_function_that_makes_it(codes_in_driver: Codes) -> None:
    text = """
    def change(self, found):
        with found.locked():
            self._ask()

    def _ask(self):
        self.host.run(["true"], deadline=1)
    """
    assert codes_in_driver(text) == {"VL102"}


PRIVATE = """
def add(self, name):
    with self._lock:
        self._put(name)

def _put(self, name):
    self._names[name] = True

def remove(self, name):
    with self._lock:
        del self._names[name]
"""


def test_a_private_method_that_is_only_called_under_the_lock_has_it(codes_in_driver: Codes) -> None:
    assert codes_in_driver(PRIVATE) == set()
    assert codes_in_driver(PRIVATE + "\ndef hasty(self, name):\n    self._put(name)\n") == {"VL004"}


def test_every_code_is_explained_with_wrong_and_right() -> None:
    for name, code in CODES.items():
        assert code.explain().startswith(f"{name}: ")
        assert "Wrong:" in code.explain()
        assert "Right:" in code.explain()


class TestAName:
    """What a bare name calls: what the file defines or imports, and nothing that bears the name elsewhere."""

    OTHER = "def make() -> None:\n    import json\n"

    def test_of_a_parameter_is_whatever_was_given(self, tmp_path: Path) -> None:
        assert (
            self._found(
                tmp_path, "def change(found: Guarded, make) -> None:\n    with found.locked():\n        make()\n"
            )
            == []
        )

    def test_that_another_file_defines_is_not_known_here(self, tmp_path: Path) -> None:
        text = "def change(found: Guarded) -> None:\n    make = print\n    with found.locked():\n        make()\n"
        assert self._found(tmp_path, text) == []

    def test_that_is_imported_is_what_the_other_file_defines(self, tmp_path: Path) -> None:
        text = (
            "from other import make\n\ndef change(found: Guarded) -> None:\n    with found.locked():\n        make()\n"
        )
        assert self._found(tmp_path, text) == ["VL103"]

    def _found(self, folder: Path, text: str) -> list[str]:
        (folder / "other.py").write_text(self.OTHER)
        (folder / "one.py").write_text(text)
        return [problem.code for problem in check_paths([folder / "one.py", folder / "other.py"])]
