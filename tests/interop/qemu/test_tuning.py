"""virsh tunes guests: disks and interfaces that run, and what is kept."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

CARD = "<interface type='user'><mac address='52:54:00:00:00:0a'/></interface>"


@pytest.fixture
def guest(host: Any) -> Any:
    for name in ("a", "b"):
        (host.root / f"{name}.img").write_bytes(bytes(1 << 20))
    disk = "<disk type='file'><source file='{}/{}.img'/><target dev='vd{}' bus='virtio'/></disk>"
    disks = "".join(disk.format(host.root, name, name) for name in ("a", "b"))
    host.virsh("define", host.write("tuned", devices=disks + CARD))
    host.virsh("start", "tuned")
    return host


def tuned(host: Any, *options: str) -> dict[str, str]:
    lines = host.virsh("blkdeviotune", "tuned", *options).splitlines()
    return {name.strip(): text.strip() for name, _, text in (line.partition(":") for line in lines)}


def test_disks_of_a_group_share_their_limits_and_keep_them_over_a_start(guest: Any) -> None:
    virsh = guest.virsh
    virsh("blkdeviotune", "tuned", "vda", "--total-iops-sec", "100", "--group-name", "slow", "--live", "--config")
    virsh("blkdeviotune", "tuned", "vdb", "--group-name", "slow", "--live")
    assert tuned(guest, "vdb")["total_iops_sec"] == "100"
    virsh("blkdeviotune", "tuned", "vda", "--read-iops-sec", "50", "--live")
    assert tuned(guest, "vdb")["read_iops_sec"] == "50"
    assert tuned(guest, "vdb")["total_iops_sec"] == "0"
    virsh("destroy", "tuned")
    virsh("start", "tuned")
    assert tuned(guest, "vda")["total_iops_sec"] == "100"
    assert tuned(guest, "vda")["group_name"] == "slow"


def test_limits_that_contradict_each_other_are_refused(guest: Any) -> None:
    virsh = guest.virsh
    said = virsh.fails("blkdeviotune", "tuned", "vda", "--total-iops-sec", "1", "--read-iops-sec", "1")
    assert "total and read/write of iops_sec cannot be set at the same time" in said
    assert "cannot reset" in virsh.fails("blkdeviotune", "tuned", "vda", "--total-iops-sec-max", "9")
    assert "not found in domain" in virsh.fails("blkdeviotune", "tuned", "vdz", "--total-iops-sec", "1")
    assert "iotune" not in virsh("dumpxml", "tuned")


def test_a_disk_that_comes_is_as_slow_as_it_says(guest: Any) -> None:
    path: Path = guest.root / "slow.xml"
    text = "<disk type='file'><source file='{}/c.img'/><target dev='vdc' bus='virtio'/>{}</disk>"
    (guest.root / "c.img").write_bytes(bytes(1 << 20))
    path.write_text(text.format(guest.root, "<iotune><read_bytes_sec>4096</read_bytes_sec></iotune>"))
    guest.virsh("attach-device", "tuned", str(path), "--live")
    told = json.loads(guest.virsh("qemu-monitor-command", "tuned", '{"execute":"query-block"}'))["return"]
    assert [one["inserted"]["bps_rd"] for one in told if "disk2" in one["qdev"]] == [4096]


def test_an_interface_without_an_end_on_the_host_is_not_limited(guest: Any) -> None:
    said = guest.virsh.fails("domiftune", "tuned", "52:54:00:00:00:0a", "--inbound", "100")
    assert "setting bandwidth on interfaces of type 'user' is not implemented yet" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="a session's guests are not limited")
def test_what_is_kept_is_for_the_next_start(guest: Any) -> None:
    virsh = guest.virsh
    virsh("memtune", "tuned", "--hard-limit", "1G", "--config")
    virsh("schedinfo", "tuned", "--config", "--set", "cpu_shares=512", "emulator_quota=20000")
    virsh("blkiotune", "tuned", "--config", "--weight", "300")
    virsh("numatune", "tuned", "--config", "--mode", "preferred", "--nodeset", "0")
    virsh("perf", "tuned", "--config", "--enable", "cpu_cycles")
    shown = virsh("dumpxml", "tuned", "--inactive")
    for element in ("<hard_limit unit='KiB'>1048576", "<shares>512", "<emulator_quota>20000", "<weight>300",
                    "<memory mode='preferred' nodeset='0'/>", "<event name='cpu_cycles' enabled='yes'/>"):  # fmt: skip
        assert element in shown
    said = virsh.fails("schedinfo", "tuned", "--config", "--set", "vcpu_period=5")
    assert "value of 'vcpu_period' is out of range [1000, 1000000]" in said


def test_counters_of_a_guest_that_runs(host: Any) -> None:
    virsh = host.virsh
    virsh("define", host.write("g"))
    virsh("start", "g")
    assert "unable to enable host cpu perf event for cmt" in virsh.fails("perf", "g", "--live", "--enable", "cmt")
    enabled = virsh.run("perf", "g", "--live", "--enable", "page_faults,context_switches")
    if enabled.returncode:
        assert "unable to open host cpu perf event for" in enabled.stderr
        return
    told = virsh("domstats", "g", "--perf")
    assert "perf.page_faults=" in told
    assert "perf.context_switches=" in told
    host.crash()
    assert "perf.page_faults=" in virsh("domstats", "g", "--perf")
    virsh("perf", "g", "--live", "--disable", "page_faults")
    assert "page_faults" not in virsh("domstats", "g", "--perf")
    assert "context_switches: enabled" in " ".join(virsh("perf", "g").split()).replace(" :", ":")
