"""Disks whose persistent reservations are left to the daemon: a program of the guest's own asks the kernel for them.

No SCSI disk is needed: QEMU refuses what is none when the program serves it already.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from daemons import needs, where_installed

LUN = """<disk type='block' device='lun'><source dev='{}'><reservations managed='yes'/></source>
<target dev='sda' bus='scsi'/></disk>"""
SCSI = "<controller type='scsi' model='virtio-scsi'/>"


@pytest.fixture
def block(host: Any) -> Iterator[str]:
    """A block device that is no SCSI disk."""
    if os.geteuid() != 0:
        pytest.skip("only root makes loop devices")
    where_installed("qemu-pr-helper", "qemu-system-common")
    losetup, image = needs("losetup", "util-linux"), host.root / "disk"
    image.write_bytes(bytes(1 << 20))
    told = subprocess.run([losetup, "--find", "--show", image], capture_output=True, text=True)
    if told.returncode:
        pytest.skip(f"this host has no loop devices: {told.stderr}")
    yield told.stdout.strip()
    subprocess.run([losetup, "--detach", told.stdout.strip()], check=True)


def served(host: Any) -> int:
    """How often such a program was begun."""
    log: str = (host.root / "log" / "qemu" / "g.log").read_text()
    return log.count("Starting external device: pr helper")


def test_a_program_serves_the_reservations_of_a_guest_and_ends_with_its_disks(host: Any, block: str) -> None:
    virsh, device = host.virsh, host.root / "device.xml"
    device.write_text(LUN.format(block))
    virsh("create", host.write("g", devices=SCSI))
    assert "SG_IO" in virsh.fails("attach-device", "g", str(device))
    assert served(host) == 1
    assert virsh("qemu-monitor-command", "g", '{"execute": "query-pr-managers"}').startswith('{"return":[]')
    assert not list((host.root / "run" / "qemu").glob("*pr-helper0*"))
    virsh("destroy", "g")
    assert "SG_IO" in virsh.fails("create", host.write("g", devices=SCSI + LUN.format(block)))
    assert served(host) == 2
    assert not list((host.root / "run" / "qemu").glob("*pr-helper0*"))


def test_a_program_that_is_not_there_is_named(host: Any, block: str) -> None:
    host.config += '[driver.qemu]\npr_helper = "/nonexistent"\n'
    host.crash()
    said = host.virsh.fails("create", host.write("g", devices=SCSI + LUN.format(block)))
    assert "'/nonexistent' is not a suitable pr helper" in said
