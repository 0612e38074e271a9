"""Calls that sleep are seen under a driver's or an object's lock, and nowhere else."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from virtloom.locks import LockViolation, Rule


def start_a_process(folder: Path) -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)


def open_for_writing(folder: Path) -> None:
    (folder / "file").write_text("text")


def open_a_descriptor_for_writing(folder: Path) -> None:
    os.close(os.open(folder / "file", os.O_RDWR | os.O_CREAT))


def connect(folder: Path) -> None:
    path = str(folder / "socket")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(path)
        listener.listen()
        client.connect(path)


def sleep(folder: Path) -> None:
    time.sleep(0.001)


SLEEPS_ARE_AUDITED = sys.version_info >= (3, 13)
BLOCKING = [
    start_a_process,
    open_for_writing,
    open_a_descriptor_for_writing,
    connect,
    pytest.param(sleep, marks=pytest.mark.skipif(not SLEEPS_ARE_AUDITED, reason="Python 3.13 audits sleep first")),
]


@pytest.mark.parametrize("block", BLOCKING)
def test_a_blocking_call_under_an_objects_lock_is_stopped(
    enforcing: Any, scratch: Path, block: Callable[[Path], None]
) -> None:
    with pytest.raises(LockViolation) as caught, enforcing.domain.locked():
        block(scratch)
    assert caught.value.rule is Rule.BLOCKING
    assert enforcing.domain.name in str(caught.value)


@pytest.mark.parametrize("block", BLOCKING)
def test_a_blocking_call_under_a_drivers_lock_is_written_down(
    recording: Any, scratch: Path, block: Callable[[Path], None]
) -> None:
    with recording.driver:
        block(scratch)
    assert set(recording.broken) == {"BLOCKING"}


@pytest.mark.parametrize("block", BLOCKING)
def test_a_blocking_call_with_no_lock_held_is_nobodys_business(
    enforcing: Any, scratch: Path, block: Callable[[Path], None]
) -> None:
    with enforcing.domain.locked():
        pass
    block(scratch)
    assert enforcing.broken == []


def test_reading_a_file_under_an_objects_lock_is_let_pass(enforcing: Any) -> None:
    with enforcing.domain.locked():
        Path(__file__).read_text()
    assert enforcing.broken == []


def test_a_leaf_may_write(enforcing: Any, scratch: Path) -> None:
    with enforcing.leaf:
        open_for_writing(scratch)
    assert enforcing.broken == []


def test_a_process_that_checks_ends_quietly() -> None:
    script = (
        "import builtins\n"
        "from virtloom.locks import Checker\n"
        "class Late:\n"
        "    def __del__(self, open=open): open('/dev/null', 'w').close()\n"
        "builtins.late, checker = Late(), Checker('record')\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=_env())
    assert ended.stderr == ""


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
