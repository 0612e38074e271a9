"""What a start does without: modules that take longer than all of the rest, and are needed by few calls."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Everything that is imported until all drivers run.
STARTED = """
import importlib, sys
import virtloom.cli.daemon, virtloom.cli.serving
from virtloom.driver.loading.entries import entries
for entry in entries("virtloom.drivers"):
    entry.load()
    package = entry.value.partition(".")[0]
    importlib.import_module(package + ".driver")
print(*sys.modules)
"""
# What is imported until the test driver can answer.
ANSWERING = """
import sys
import virtloom.cli.daemon, virtloom.cli.serving
import virtloom_test.plugin
import virtloom_test.driver
print(*sys.modules)
"""
LATER = ("importlib.metadata", "tomllib", "tempfile", "subprocess", "secrets", "difflib", "importlib.resources")
HEAVY = ("pyroute2", "asyncio", "sqlite3", "unittest", "rich", "prometheus_client", "lxml", "hashlib")


def modules(program: str) -> frozenset[str]:
    """The modules of a start, in a process of its own."""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    return frozenset(told.stdout.split())


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    """The modules of a whole start."""
    return modules(STARTED)


def test_the_first_answer_needs_little_of_the_standard_library() -> None:
    assert modules(ANSWERING).isdisjoint(LATER)


@pytest.mark.parametrize("module", HEAVY)
def test_what_is_heavy_is_imported_when_it_is_first_needed(imported: frozenset[str], module: str) -> None:
    assert module not in imported


def test_the_drivers_are_what_was_looked_at(imported: frozenset[str]) -> None:
    assert {"virtloom.daemon.daemon", "virtloom_test.driver", "virtloom_qemu.driver"} <= imported
