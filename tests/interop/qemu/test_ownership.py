"""Whom guests run as, and whom their files belong to: a user that is there for it, only while they run."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from daemons import CONFIG, eventually

NOBODY = 65534  # of every system
DISK = "<disk type='file'><driver name='qemu' type='raw'/><source file='{}'/><target dev='vda' bus='virtio'/></disk>"


@pytest.fixture
def shared(host: Any) -> Any:
    """A host whose folders others may go through, with a user for guests."""
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    for place in (host.root, *host.root.parents):
        if not place.stat().st_mode & 0o001:
            if place != host.root:
                pytest.skip(f"nobody may go through {place}")
            place.chmod(0o711)
    host.config = f'{CONFIG}[driver.qemu]\nuser = "nobody"\ngroup = "+{NOBODY}"\n'
    host.crash()
    return host


def owner(path: Path) -> int:
    return path.stat().st_uid


def user_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def image(host: Any, name: str) -> Path:
    path: Path = host.root / name
    path.write_bytes(bytes(1 << 20))
    os.chown(path, 4321, 4321)
    return path


def test_a_guest_runs_as_its_user_with_its_files_and_gives_them_back(shared: Any) -> None:
    virsh, disk = shared.virsh, image(shared, "a.img")
    log = shared.root / "serial.log"
    devices = DISK.format(disk) + f"<serial type='file'><source path='{log}'/></serial>"
    virsh("create", shared.write("owned", devices=devices))
    assert user_of(shared.pid("owned")) == pwd.getpwnam("nobody").pw_uid
    assert (owner(disk), owner(log)) == (NOBODY, NOBODY)
    label = f"<label>+{NOBODY}:+{NOBODY}</label>"
    assert label in virsh("dumpxml", "owned")
    assert "seclabel" not in virsh("dumpxml", "owned", "--inactive")
    shared.crash()
    virsh("destroy", "owned")
    assert owner(disk) in (4321, 0)  # root where the file system has no attributes to remember by


def test_what_fails_to_start_gives_its_files_back(shared: Any) -> None:
    virsh, disk = shared.virsh, image(shared, "a.img")
    os_part = "<kernel>/nonexistent</kernel>"
    virsh("define", shared.write("broken", os=os_part, devices=DISK.format(disk)))
    assert "nonexistent" in virsh.fails("start", "broken")
    assert owner(disk) in (4321, 0)


def test_a_guest_that_shares_an_image_does_not_take_it_from_the_other(shared: Any) -> None:
    virsh, disk = shared.virsh, image(shared, "a.img")
    device = DISK.format(disk).replace("</disk>", "<shareable/></disk>")
    for name in ("one", "two"):
        virsh("create", shared.write(name, devices=device))
    virsh("destroy", "one")
    assert owner(disk) == NOBODY
    assert virsh("domstate", "two") == "running"


def test_files_are_left_alone_where_a_definition_says_so(shared: Any) -> None:
    virsh, disk = shared.virsh, image(shared, "a.img")
    disk.chmod(0o666)
    kept = DISK.format(disk).replace(
        f"<source file='{disk}'/>", f"<source file='{disk}'><seclabel model='dac' relabel='no'/></source>"
    )
    virsh("create", shared.write("kept", devices=kept))
    assert owner(disk) == 4321
    label = "<seclabel type='static' model='dac' relabel='no'><label>+0:+0</label></seclabel>"
    path = Path(shared.write("static", devices=kept))
    path.write_text(path.read_text().replace("</domain>", f"{label}</domain>"))
    virsh("destroy", "kept")
    virsh("create", str(path))
    assert user_of(shared.pid("static")) == 0


def test_an_image_that_comes_and_goes_while_the_guest_runs_is_given_and_given_back(shared: Any) -> None:
    virsh, disk = shared.virsh, image(shared, "a.img")
    overlay = shared.root / "overlay.qcow2"
    virsh("create", shared.write("growing", devices=DISK.format(disk)))
    virsh("snapshot-create-as", "growing", "--disk-only", "--no-metadata", "--diskspec", f"vda,file={overlay}")
    assert (owner(disk), owner(overlay)) == (NOBODY, NOBODY)
    virsh("blockcommit", "growing", "vda", "--active", "--pivot", "--wait")
    assert (owner(disk), owner(overlay)) == (NOBODY, 0)


def test_a_security_driver_that_is_not_there_is_told(host: Any) -> None:
    path = Path(host.write("labelled"))
    path.write_text(path.read_text().replace("</domain>", "<seclabel type='dynamic' model='selinux'/></domain>"))
    host.virsh("define", str(path))
    assert "Security driver model 'selinux' is not available" in host.virsh.fails("start", "labelled")
    eventually(lambda: host.virsh("domstate", "labelled") == "shut off", "the end of the start")
