"""The guides do what they say: their shell commands and their examples for pytest are run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from daemons import BIN, READY_WITHIN, needs
from virtloom_testing import Scratch

DOCS = Path(__file__).parents[3] / "docs"
GUIDES = ("testing-with-virtloom", "record-and-replay")


def blocks(guide: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / f"{guide}.md").read_text(), re.DOTALL)


SCRIPTS = [pytest.param(script, id=f"{guide}-{n}") for guide in GUIDES for n, script in enumerate(blocks(guide, "sh"))]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_command_of_a_guide_succeeds(script: str, tmp_path: Path) -> None:
    needs("virsh", "libvirt-clients")
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "LC_ALL": "C"}
    finished = subprocess.run(
        ["sh", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=2 * READY_WITHIN
    )
    assert finished.returncode == 0, finished.stderr


def test_the_example_for_pytest_passes(tmp_path: Path) -> None:
    pytest.importorskip("libvirt")
    (example,) = blocks("testing-with-virtloom", "python")
    (tmp_path / "test_example.py").write_text(example)
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=2 * READY_WITHIN,
    )  # fmt: skip
    assert "1 passed" in finished.stdout, finished.stdout


def test_a_command_that_fails_gives_its_status_and_leaves_no_folder(scratch: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(scratch)}
    finished = subprocess.run([str(BIN / "virtloom-test"), "--", "sh", "-c", "exit 7"], env=environment, timeout=60)
    assert finished.returncode == 7
    assert list(scratch.iterdir()) == []


def test_the_example_of_a_session_is_recorded_and_replayed(tmp_path: Path) -> None:
    pytest.importorskip("libvirt")
    (example,) = blocks("record-and-replay", "python")
    (tmp_path / "test_example.py").write_text(example)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"]
    with Scratch() as loom:
        for options in (["--virtloom-record", loom.uri], []):
            finished = subprocess.run(
                [*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=2 * READY_WITHIN
            )
            assert "1 passed" in finished.stdout, finished.stdout
