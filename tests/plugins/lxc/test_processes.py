"""A container's processes: one that ended is never taken for another that has its pid."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtloom.driver.cgroups import File, Group, Hierarchy
from virtloom_lxc.container.processes import held


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(["sleep", "1000"])
    yield started
    started.kill()
    started.wait()


@pytest.fixture
def group(tmp_path: Path) -> Group:
    """A control group that is a folder: who is in it is what its file says."""
    (tmp_path / "own").mkdir()
    return Group(Hierarchy({"freezer": tmp_path}), "own")


def has(group: Group, *pids: int) -> None:
    group.file(File("freezer", "cgroup.procs", "")).write_text("".join(f"{pid}\n" for pid in pids))


def test_one_of_the_container_is_opened_and_signalled(group: Group, process: subprocess.Popen[bytes]) -> None:
    has(group, process.pid)
    with held(process.pid, group) as one:
        opened = one.open("ns/net")
        assert os.path.samestat(os.fstat(opened), os.stat(f"/proc/{process.pid}/ns/net"))
        os.close(opened)
        one.send(signal.SIGTERM)
    assert process.wait(20) == -signal.SIGTERM


def test_another_that_got_the_pid_is_left_alone(group: Group, process: subprocess.Popen[bytes]) -> None:
    has(group)
    with pytest.raises(ProcessLookupError), held(process.pid, group):
        raise AssertionError("it was taken for one of the container's")
    assert process.poll() is None


def test_one_that_ends_before_its_file_is_open_gives_none(group: Group, process: subprocess.Popen[bytes]) -> None:
    has(group, process.pid)
    with held(process.pid, group) as one:
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # its folder stays until somebody waits for it
        with pytest.raises(ProcessLookupError):
            one.open("stat")
        process.wait()
        with pytest.raises(ProcessLookupError):
            one.send(signal.SIGTERM)
