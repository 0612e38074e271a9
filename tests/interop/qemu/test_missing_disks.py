"""Guests start, and are restored, without images that their definitions let be missing; virsh tells so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from daemons import eventually

CDROM = "<disk type='file' device='cdrom'><source file='{path}' startupPolicy='{policy}'/><target dev='hdc'/></disk>"
DISK = "<disk type='file'><source file='{path}' startupPolicy='{policy}'/><target dev='vda'/></disk>"


def image(host: Any, name: str) -> Path:
    path = Path(host.root) / name
    path.write_bytes(bytes(1 << 20))
    return path


def test_a_guest_starts_without_what_is_optional(host: Any) -> None:
    virsh = host.virsh
    medium, disk = host.root / "medium.iso", host.root / "disk.img"
    devices = CDROM.format(path=medium, policy="optional") + DISK.format(path=disk, policy="optional")
    virsh("define", host.write("g", devices=devices))
    with host.events("g") as seen:
        virsh("start", "g", "--paused")
        eventually(lambda: seen().count("disk-change") == 2, "both to be told")
        for event in (f"disk ide0-1-0: {medium} -> <null>: changed", f"disk virtio-disk0: {disk} -> <null>: dropped"):
            assert event in seen()
    assert "vda" not in virsh("domblklist", "g")
    assert str(medium) not in virsh("dumpxml", "g")
    for path in (medium, disk):
        assert str(path) in virsh("dumpxml", "g", "--inactive")
    virsh("destroy", "g")
    medium.touch()
    disk.write_bytes(bytes(1 << 20))
    virsh("start", "g", "--paused")
    assert str(disk) in virsh("domblklist", "g")


def test_what_a_start_needs_a_restore_may_do_without(host: Any) -> None:
    virsh, medium = host.virsh, image(host, "medium.iso")
    virsh("define", host.write("g", devices=CDROM.format(path=medium, policy="requisite")))
    virsh("start", "g", "--paused")
    virsh("save", "g", f"{host.root}/saved")
    medium.unlink()
    assert f"Cannot access storage file '{medium}'" in virsh.fails("start", "g")
    virsh("restore", f"{host.root}/saved")
    assert str(medium) not in virsh("domblklist", "g")


def test_a_disk_that_a_saved_guest_has_is_needed(host: Any) -> None:
    virsh, disk = host.virsh, image(host, "disk.img")
    virsh("define", host.write("g", devices=DISK.format(path=disk, policy="optional")))
    virsh("start", "g", "--paused")
    virsh("managedsave", "g")
    disk.unlink()
    assert f"Cannot access storage file '{disk}'" in virsh.fails("start", "g")
    assert "with managed save" not in virsh("list", "--all")
    assert virsh("dominfo", "g").count("Managed save:   yes") == 1
