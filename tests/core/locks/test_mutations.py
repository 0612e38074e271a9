"""The checks are checked: each deliberate mistake, made in a copy, is caught by those who should catch it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import virtloom
from unwatched import join
from virtloom.lint import check_paths
from virtloom.locks import Checker, LockManager, LockViolation, might_sleep

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PATIENCE = 10.0  # seconds


def _mutations() -> Any:
    spec = importlib.util.spec_from_file_location("lock_mutations", HERE / "mutations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


mutations = _mutations()
IN_LOCKS = [(file, one) for file, some in mutations.IN_LOCKS.items() for one in some]


def mutated(text: str, mutation: Any) -> str:
    assert text.count(mutation.old) == 1, f"{mutation.name}: {text.count(mutation.old)} places"
    return text.replace(mutation.old, mutation.new)


def fails(driver: Any) -> None:
    with pytest.raises(ValueError, match="nothing to say"):
        driver.teach("polly", "")


USES: list[Callable[[Any], object]] = [
    lambda driver: driver.add("polly"),
    lambda driver: driver.add("jacko"),
    lambda driver: driver.teach("polly", "hello"),
    fails,
    lambda driver: driver.swap("polly", "jacko"),
    lambda driver: list(driver.names()),
    lambda driver: driver.remove("jacko"),
]


def checker_catches(source: str) -> bool:
    """Whether the checker finds something while the driver is used."""
    checker = Checker("enforce")
    # In a thread of its own, since a mistake may leave a lock held.
    user = threading.Thread(target=use_driver, args=(source, checker), daemon=True)
    user.start()
    join(user, PATIENCE)
    assert not user.is_alive(), "the driver hangs"
    return bool(checker.findings)


def use_driver(source: str, checker: Checker) -> None:
    """Do with a driver what clients would, until the checker objects."""
    names: dict[str, Any] = {"__name__": "parrots"}
    exec("from __future__ import annotations\n" + source, names)
    locks = LockManager("aviary", checker, [names["PARROT"]], job_timeout=0.1)
    later: list[Callable[[], object]] = []

    def run(command: list[str], deadline: float) -> None:
        might_sleep("a helper process")
        if not command[0]:
            raise ValueError("nothing to say")

    with suppress(LockViolation):
        driver = names["Parrots"](SimpleNamespace(locks=locks, run=run, later=later.append))
        for use in USES:
            with locks.calling("use"):
                use(driver)
        for work in later:
            work()


def lint_catches(source: str, folder: Path) -> bool:
    """Whether the static checker finds something."""
    path = folder / "parrots.py"
    path.write_text(source)
    return bool(check_paths([path]))


def test_nobody_finds_a_mistake_where_there_is_none(tmp_path: Path) -> None:
    assert not lint_catches(mutations.DRIVER, tmp_path)
    assert not checker_catches(mutations.DRIVER)


@pytest.mark.parametrize("mutation", mutations.IN_DRIVER, ids=lambda mutation: mutation.name)
def test_a_mistake_in_a_driver_is_caught(mutation: Any, tmp_path: Path) -> None:
    source = mutated(mutations.DRIVER, mutation)
    caught = set()
    if lint_catches(source, tmp_path):
        caught.add(mutations.LINT)
    if checker_catches(source):
        caught.add(mutations.CHECKER)
    assert caught == set(mutation.caught)


@pytest.mark.parametrize(("file", "mutation"), IN_LOCKS, ids=[one.name for _, one in IN_LOCKS])
def test_a_mistake_in_the_locks_is_caught(file: str, mutation: Any, tmp_path: Path) -> None:
    copy = tmp_path / "virtloom"
    shutil.copytree(Path(virtloom.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    broken = copy / "locks" / file
    broken.write_text(mutated(broken.read_text(), mutation))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "VIRTLOOM_TEST_PATIENCE": "1"}
    tests = [str(HERE / name) for name in mutation.caught]
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:xdist", *tests],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert re.search(r"^FAILED|^ERROR", finished.stdout, re.MULTILINE), finished.stdout


def test_the_table_in_the_guide_is_this_one() -> None:
    guide = (ROOT / "docs" / "locks.md").read_text()
    rows = [one.row for one in mutations.IN_DRIVER] + [one.row for _, one in IN_LOCKS]
    assert len(rows) >= 15
    assert [row for row in rows if row not in guide] == []
