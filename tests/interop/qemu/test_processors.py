"""virsh has processors and I/O threads come and go, and pins them to the host's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

TOPOLOGY = "<vcpu current='1'>4</vcpu><iothreads>1</iothreads><os>"


@pytest.fixture
def guest(host: Any) -> Any:
    path = Path(host.write("busy"))
    path.write_text(path.read_text().replace("<os>", TOPOLOGY, 1))
    host.virsh("define", str(path))
    host.virsh("start", "busy")
    return host


def count(host: Any, *options: str) -> int:
    return int(host.virsh("vcpucount", "busy", "--current", *options))


def test_processors_come_now_and_at_the_next_start(guest: Any) -> None:
    virsh = guest.virsh
    virsh("setvcpus", "busy", "3", "--live")
    virsh("setvcpus", "busy", "2", "--config", "--hotpluggable")
    guest.crash()
    assert (count(guest, "--live"), count(guest, "--config")) == (3, 2)
    assert len(virsh("vcpuinfo", "busy").split("VCPU:")) == 4
    virsh("setvcpu", "busy", "3", "--enable", "--live")
    assert count(guest, "--live") == 4
    assert "vcpu '3' is already in requested state" in virsh.fails("setvcpu", "busy", "3", "--enable", "--live")
    assert "greater than max allowable" in virsh.fails("setvcpus", "busy", "9", "--live")
    virsh("destroy", "busy")
    virsh("start", "busy")
    assert "<vcpu id='1' enabled='yes' hotpluggable='yes'/>" in virsh("dumpxml", "busy", "--inactive")
    assert count(guest, "--live") == 2


def test_what_cannot_be_unplugged_stays(guest: Any) -> None:
    assert "vcpu '0' can't be unplugged" in guest.virsh.fails("setvcpu", "busy", "0", "--disable", "--live")
    assert "vCPU '0' can't be modified" in guest.virsh.fails("setvcpu", "busy", "0", "--disable", "--config")
    assert "QEMU guest agent is not configured" in guest.virsh.fails("vcpucount", "busy", "--guest")
    assert count(guest, "--live") == 1


def test_threads_run_where_they_are_pinned(guest: Any) -> None:
    virsh, last = guest.virsh, max(os.sched_getaffinity(0))
    pid = guest.pid("busy")
    virsh("emulatorpin", "busy", str(last), "--live")
    virsh("vcpupin", "busy", "0", str(last), "--live", "--config")
    assert os.sched_getaffinity(pid) == {last}
    assert "CPU Affinity" in virsh("vcpuinfo", "busy")
    assert f"<vcpupin vcpu='0' cpuset='{last}'/>" in virsh("dumpxml", "busy", "--inactive")
    virsh("destroy", "busy")
    virsh("start", "busy")
    threads = [int(name) for name in os.listdir(f"/proc/{guest.pid('busy')}/task")]
    names = {thread: Path(f"/proc/{thread}/comm").read_text().strip() for thread in threads}
    (vcpu,) = [thread for thread, name in names.items() if name.startswith("CPU 0")]
    assert os.sched_getaffinity(vcpu) == {last}


def test_io_threads_come_are_pinned_poll_and_go(guest: Any) -> None:
    virsh = guest.virsh
    virsh("iothreadadd", "busy", "7")
    virsh("iothreadpin", "busy", "7", "0")
    virsh("iothreadset", "busy", "7", "--poll-max-ns", "1000", "--thread-pool-max", "8")
    assert "iothread.7.poll-max-ns=1000" in virsh("domstats", "busy", "--iothread")
    assert "<iothread id='7' thread_pool_max='8'/>" in virsh("dumpxml", "busy")
    assert "already using iothread_id '7'" in virsh.fails("iothreadadd", "busy", "7")
    virsh("iothreaddel", "busy", "7")
    assert "iothreadpin" not in virsh("dumpxml", "busy")
    assert "cannot find IOThread '7'" in virsh.fails("iothreaddel", "busy", "7")
