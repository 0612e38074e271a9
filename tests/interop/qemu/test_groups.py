"""Control groups of guests: made with their runs, holding what definitions ask for, gone afterwards."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from daemons import eventually
from virtloom.driver.cgroups import host_hierarchy

TUNED = """<vcpu>2</vcpu><iothreads>1</iothreads><memtune><hard_limit unit='KiB'>524288</hard_limit></memtune>
<cputune><shares>512</shares><period>50000</period><quota>25000</quota><vcpupin vcpu='1' cpuset='0'/></cputune>"""


def group_of(pid: int, controller: str) -> Path:
    """The group of a process, in the folder of a controller of version 1."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            mount: Path = host_hierarchy().legacy[controller]
            return mount / path.lstrip("/")
    raise AssertionError(f"no {controller} in /proc/{pid}/cgroup")


@pytest.fixture(autouse=True)
def groups() -> None:
    hierarchy = host_hierarchy()
    if os.geteuid() != 0 or not {"cpu", "cpuset", "memory"} <= hierarchy.legacy.keys():
        pytest.skip("these tests read control groups of version 1")
    probe = hierarchy.legacy["cpu"] / f"virtloom-probe-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")


def tuned(host: Any, name: str, parts: str = TUNED) -> str:
    path = Path(host.write(name))
    path.write_text(path.read_text().replace("<os>", f"{parts}<os>"))
    return str(path)


def test_a_run_has_a_group_with_what_its_definition_asks_for(host: Any) -> None:
    virsh = host.virsh
    virsh("create", tuned(host, "tuned"))
    pid = host.pid("tuned")
    whole = group_of(pid, "memory")
    assert whole.name.startswith("qemu-")
    assert (whole / "memory.limit_in_bytes").read_text().strip() == str(512 << 20)
    emulator = group_of(pid, "cpu")
    assert emulator.name == "emulator"
    assert (emulator.parent / "cpu.shares").read_text().strip() == "512"
    vcpu = emulator.parent / "vcpu1"
    assert (vcpu / "cpu.cfs_quota_us").read_text().strip() == "25000"
    [thread] = (vcpu / "tasks").read_text().split()
    assert os.sched_getaffinity(int(thread)) == {0}
    assert len((emulator.parent / "iothread1" / "tasks").read_text().split()) == 1
    assert "<partition>/machine</partition>" in virsh("dumpxml", "tuned")
    assert "<partition>" not in virsh("dumpxml", "tuned", "--inactive")
    virsh("destroy", "tuned")
    assert not whole.exists()
    assert not emulator.parent.exists()


def test_a_group_goes_with_a_guest_that_dies_while_no_daemon_is_there(host: Any) -> None:
    host.virsh("define", host.write("brief"))
    host.virsh("start", "brief")
    pid = host.pid("brief")
    whole = group_of(pid, "memory")
    host.daemon.process.kill()
    host.daemon.process.wait()
    os.kill(pid, signal.SIGKILL)
    host.crash()
    eventually(lambda: host.virsh("domstate", "brief") == "shut off", "the end to be noticed")
    eventually(lambda: not whole.exists(), "the group to be removed")


def test_a_pin_that_the_host_cannot_give_fails_the_start_and_leaves_nothing(host: Any) -> None:
    before = set(host_hierarchy().legacy["memory"].glob("machine/*"))
    host.virsh("define", tuned(host, "far", "<cputune><emulatorpin cpuset='900'/></cputune>"))
    said = host.virsh.fails("start", "far")
    assert "emulator/cpuset.cpus': Numerical result out of range" in said
    mine = {path for path in host_hierarchy().legacy["memory"].glob("machine/*-far.*") if path not in before}
    assert mine == set()
    assert not list((host.root / "lib" / "qemu").glob("domain-*"))
