"""Helper processes end by their deadline, and what they print is bounded."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from virtloom.driver.work.process import run
from virtloom.errors import ErrorCode, VirtError


def test_a_helpers_output_is_returned() -> None:
    finished = run(["sh", "-c", "cat; echo no >&2"], deadline=10, stdin=b"hello")
    assert finished == (0, b"hello", b"no\n")


def test_a_failure_says_what_the_helper_said() -> None:
    with pytest.raises(VirtError, match="sh ended with status 3: it broke") as caught:
        run(["sh", "-c", "echo it broke >&2; exit 3"], deadline=10)
    assert caught.value.code is ErrorCode.OPERATION_FAILED


def test_a_failure_may_be_the_callers_to_judge() -> None:
    assert run(["sh", "-c", "exit 3"], deadline=10, check=False).status == 3


def test_a_missing_program_is_named() -> None:
    with pytest.raises(VirtError, match="cannot run /no/such/program"):
        run(["/no/such/program"], deadline=10)


def test_past_its_deadline_a_helper_is_killed_with_its_children(tmp_path: Path) -> None:
    marker = tmp_path / "child"
    with pytest.raises(VirtError, match="did not end within") as caught:
        run(["sh", "-c", f"sleep 60 & echo $! > {marker}; wait"], deadline=0.5)
    assert caught.value.code is ErrorCode.OPERATION_TIMEOUT
    child = Path("/proc", marker.read_text().strip(), "stat")
    deadline = time.monotonic() + 10
    while child.exists() and child.read_text().split()[2] != "Z":
        assert time.monotonic() < deadline, "the child outlived its parent's deadline"
        time.sleep(0.01)


def test_a_child_left_behind_does_not_hold_the_caller() -> None:
    assert run(["sh", "-c", "sleep 60 & echo done"], deadline=10).stdout == b"done\n"


def test_output_beyond_the_limit_is_dropped() -> None:
    finished = run(["head", "-c", "3000000", "/dev/zero"], deadline=20, limit=1000)
    assert len(finished.stdout) == 1000


def test_a_helper_that_neither_reads_nor_writes_is_killed() -> None:
    with pytest.raises(VirtError, match="sleep has done nothing for") as caught:
        run(["sleep", "60"], deadline=60, stall=0.3)
    assert caught.value.code is ErrorCode.OPERATION_TIMEOUT


def test_a_helper_that_goes_on_is_let_run() -> None:
    script = "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.2; done"
    assert run(["sh", "-c", script], deadline=60, stall=5).stdout.endswith(b"8\n")
