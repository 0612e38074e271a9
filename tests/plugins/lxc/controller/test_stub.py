"""The program that becomes init: what it passes on, what it leaves behind, and what it tells of a failure."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtloom_lxc.container.controller import stub

SHOW = "import os, sys; print(sys.argv[1:], dict(os.environ), sorted(map(int, os.listdir('/proc/self/fd'))))"


@pytest.fixture
def report() -> Iterator[tuple[int, int]]:
    """Both ends of what a failure is told through."""
    ends = os.pipe()
    os.set_blocking(ends[0], False)
    os.set_inheritable(ends[1], True)
    yield ends
    for end in ends:
        os.close(end)


def executed(argv: list[str], environment: list[str], report: tuple[int, int]) -> subprocess.CompletedProcess[str]:
    made = stub.make(argv, environment, report[1], os.uname().machine)
    if made is None:
        pytest.skip(f"no such program for {os.uname().machine}")
    try:
        return subprocess.run(
            [f"{stub.PATH}{made}", "ignored"], pass_fds=(made, report[1]), env={"LOST": "1"}, stderr=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip
    finally:
        os.close(made)


def test_it_becomes_another_program_with_what_that_is_to_have_and_nothing_else(report: tuple[int, int]) -> None:
    words = ["a b", "", "-c"]
    done = executed(
        [sys.executable, "-ISc", SHOW, *words], ["A=1 2", "container=lxc-libvirt", "EMPTY=", "LC_ALL=C"], report
    )
    environment = {"A": "1 2", "container": "lxc-libvirt", "EMPTY": "", "LC_ALL": "C"}
    assert done.stdout == f"{words} {environment} [0, 1, 2, 3]\n"  # 3 is the folder that is being listed


def test_what_it_prints_to_its_errors_goes_where_its_output_goes(report: tuple[int, int]) -> None:
    assert executed(["/bin/sh", "-c", "echo said >&2"], [], report).stdout == "said\n"


@pytest.mark.parametrize(
    ("content", "number"), [(None, errno.ENOENT), (b"no program", errno.ENOEXEC), (b"#!/no/such\n", errno.ENOENT)]
)
def test_what_cannot_be_executed_is_told(
    report: tuple[int, int], tmp_path: Path, content: bytes | None, number: int
) -> None:
    init = tmp_path / "init"
    if content is not None:
        init.write_bytes(content)
        init.chmod(0o755)
    assert executed([str(init)], [], report).returncode == stub.FAILED
    assert -int.from_bytes(os.read(report[0], 100), sys.byteorder, signed=True) == number


def test_one_that_became_another_program_tells_nothing(report: tuple[int, int]) -> None:
    assert executed(["/bin/sh", "-c", "exit 127"], [], report).returncode == stub.FAILED
    with pytest.raises(BlockingIOError):
        os.read(report[0], 1)


def test_an_unknown_processor_has_none(report: tuple[int, int]) -> None:
    assert stub.make(["/bin/sh"], [], report[1], "s390x") is None


@pytest.mark.parametrize(
    ("machine", "code"),
    [
        ("x86_64", "bf 03000000  be ffffffff  ba 04000000  b8 b4010000  0f05"),
        ("aarch64", "600080d2 0000a0f2  e1ff9fd2 e1ffbff2  820080d2 0200a0f2  883680d2 0800a0f2  010000d4"),
    ],
)
def test_its_code_is_what_the_processor_executes(machine: str, code: str) -> None:
    """The first system call, close_range(3, ~0, CLOSE_RANGE_CLOEXEC), as an assembler writes it."""
    image = stub.image(stub.MACHINES[machine], ["/init"], [], 7, 8)
    expected = bytes.fromhex(code)
    assert image[stub.HEADERS : stub.HEADERS + len(expected)] == expected
