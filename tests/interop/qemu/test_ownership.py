"""Whom guests run as, and whom their files belong to: a user that is there for it, only while they run."""

from __future__ import annotations

import json
import os
import pwd
import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemons import CONFIG, eventually, needs
from virtloom.driver.cgroups import host_hierarchy

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
    path = Path(shared.write("static", devices=DISK.format(disk)))
    path.write_text(path.read_text().replace("</domain>", f"{label}</domain>"))
    virsh("destroy", "kept")
    virsh("create", str(path))
    assert user_of(shared.pid("static")) == 0
    assert owner(disk) == 4321


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


def test_an_image_is_given_to_whom_it_says(shared: Any) -> None:
    virsh, disk = shared.virsh, image(shared, "a.img")
    label = "<seclabel model='dac' relabel='yes'><label>+1234:+1235</label></seclabel>"
    device = DISK.format(disk).replace(f"<source file='{disk}'/>", f"<source file='{disk}'>{label}</source>")
    disk.chmod(0o666)
    virsh("create", shared.write("own", devices=device))
    assert owner(disk) == 1234
    virsh("destroy", "own")
    assert owner(disk) in (4321, 0)


def test_files_are_given_back_whatever_became_of_the_daemon_meanwhile(shared: Any) -> None:
    virsh, disk = shared.virsh, image(shared, "a.img")
    virsh("define", shared.write("gone", devices=DISK.format(disk)))
    virsh("start", "gone")
    shared.daemon.process.kill()
    shared.daemon.process.wait()
    os.kill(shared.pid("gone"), signal.SIGKILL)
    shared.crash()
    eventually(lambda: virsh("domstate", "gone") == "shut off", "the guest to be found gone")
    assert owner(disk) in (4321, 0)


def test_files_of_a_start_that_a_crash_cut_off_are_given_back(shared: Any) -> None:
    virsh, disk, other = shared.virsh, image(shared, "a.img"), image(shared, "b.img")
    virsh("create", shared.write("cut", devices=DISK.format(disk)))
    process = shared.pid("cut")
    shared.daemon.process.kill()
    shared.daemon.process.wait()
    # As it is between the giving of the files and the writing of the status.
    (shared.root / "run" / "qemu" / "cut.json").unlink()
    [folder] = (shared.root / "lib" / "qemu").glob("domain-*-cut")
    told = Path(f"/proc/{process}/cgroup").read_text()
    lines = [{"kind": "group", "path": path} for path in re.findall(r":memory:/(machine/qemu-.*)", told)]
    lines += [{"kind": "owner", "path": str(one), "user": str(NOBODY), "group": str(NOBODY)} for one in (disk, other)]
    (folder / "journal").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    shared.crash()
    eventually(lambda: not os.path.exists(f"/proc/{process}"), "the process to be ended")
    assert owner(disk) in (4321, 0)
    assert owner(other) == 4321  # which the start had not come to
    virsh("create", shared.write("cut", devices=DISK.format(disk)))
    virsh("destroy", "cut")
    assert owner(disk) in (4321, 0)


def devices(name: str) -> set[str]:
    [folder] = Path("/sys/fs/cgroup/devices/machine").glob(f"qemu-*-{name}.libvirt-qemu")
    return set((folder / "devices.list").read_text().splitlines())


@pytest.fixture
def loops(host: Any) -> Iterator[list[Path]]:
    """Two block devices."""
    losetup, made = needs("losetup", "util-linux"), []
    try:
        for name in ("one", "two"):
            (host.root / name).write_bytes(bytes(1 << 20))
            told = subprocess.run([losetup, "--find", "--show", host.root / name], capture_output=True, text=True)
            if told.returncode:
                pytest.skip(f"this host has no loop devices: {told.stderr}")
            made.append(Path(told.stdout.strip()))
        yield made
    finally:
        for device in made:
            subprocess.run([losetup, "--detach", device], check=True)


def test_a_guests_process_opens_the_devices_that_it_has_and_no_other(shared: Any, loops: list[Path]) -> None:
    if host_hierarchy().version("devices") != 1:
        pytest.skip("control groups of version 2 have no list of devices")
    virsh, (first, second) = shared.virsh, loops
    name = {device: f"b 7:{os.minor(device.stat().st_rdev)} rw" for device in loops}
    block = "<disk type='block'><source dev='{}'/><target dev='{}' bus='virtio'/></disk>"
    virsh("create", shared.write("listed", devices=block.format(first, "vda")))
    assert {"c 1:3 rw", "c 136:* rw", name[first]} <= devices("listed")
    assert not {"a *:* rwm", name[second]} & devices("listed")
    node, entropy = shared.root / "node", shared.root / "entropy.xml"
    os.mknod(node, stat.S_IFBLK | 0o666, second.stat().st_rdev)
    node.chmod(0o666)
    entropy.write_text(f"<rng model='virtio'><backend model='random'>{node}</backend></rng>")
    virsh("attach-device", "listed", str(entropy))
    assert name[second] in devices("listed")
    virsh("detach-device", "listed", str(entropy))  # which no guest is there to let go of
    assert owner(node) == 0
    virsh("attach-disk", "listed", str(second), "vdb")
    assert {name[first], name[second]} <= devices("listed")
    shared.crash()
    cdrom = "<disk type='block' device='cdrom'><source dev='{}'/><target dev='sda' bus='scsi'/><readonly/></disk>"
    (shared.root / "bad.xml").write_text(cdrom.format("/nonexistent"))
    virsh.fails("attach-device", "listed", str(shared.root / "bad.xml"))
    assert {name[first], name[second]} <= devices("listed")
    virsh("destroy", "listed")
