"""Roots that are images or devices, and an init that cannot be: refused before anything runs, with nothing left."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asking import inside, state

from containers import busybox_root, container_xml, image_of, leftovers, script
from daemons import Virsh, needs

Define = Callable[..., None]


@pytest.fixture
def image(scratch: Path, root: Path) -> Path:
    return image_of(root, scratch / "image")


@pytest.fixture
def device(image: Path) -> Iterator[str]:
    """A block device with a root on it."""
    losetup = needs("losetup", "util-linux")
    found = subprocess.run([losetup, "--find", "--show", str(image)], capture_output=True, text=True, check=True)
    yield found.stdout.strip()
    subprocess.run([losetup, "--detach", found.stdout.strip()], check=True)


def on(name: str, kind: str, source: str, init: str = "/bin/sh", more: str = "", devices: str = "") -> str:
    """A definition whose root is of some kind."""
    xml = container_xml(name, Path("/no/root"), init, devices=devices)
    own = f"<filesystem type='{kind}'><source {source}/><target dir='/'/>{more}</filesystem>"
    return xml.replace("<filesystem type='mount'><source dir='/no/root'/><target dir='/'/></filesystem>", own)


def loops(image: Path) -> str:
    return subprocess.run(["losetup", "--associated", str(image)], capture_output=True, text=True).stdout


def test_a_root_in_an_image(lxc: Virsh, scratch: Path, name: str, image: Path) -> None:
    path = scratch / "guest.xml"
    path.write_text(on(name, "file", f"file='{image}'"))
    lxc("define", str(path))
    for _ in range(2):
        lxc("start", name)
        inside(lxc, name, "/bin/mkdir", "-p", "/tmp/kept")
        assert "/ ext4 rw" in inside(lxc, name, "/bin/cat", "/proc/mounts")
        lxc("destroy", name)
        assert leftovers(name, scratch) == []
        assert loops(image) == ""
    path.write_text(on(name, "file", f"file='{image}'", more="<readonly/>"))
    lxc("undefine", name)
    lxc("create", str(path))
    assert "kept" in inside(lxc, name, "/bin/ls", "/tmp")
    assert "Read-only" in lxc.fails("lxc-enter-namespace", name, "--noseclabel", "/bin/mkdir", "/tmp/x")


def test_a_root_on_a_device_and_a_device_below_it(
    lxc: Virsh, scratch: Path, name: str, device: str, root: Path
) -> None:
    path = scratch / "guest.xml"
    path.write_text(on(name, "block", f"dev='{device}'"))
    lxc("create", str(path))
    assert f"{device} / ext4" in inside(lxc, name, "/bin/cat", "/proc/mounts")
    lxc("destroy", name)
    below = f"<filesystem type='block'><source dev='{device}'/><target dir='/mnt'/><readonly/></filesystem>"
    path.write_text(container_xml(name, root, devices=below))
    lxc("create", str(path))
    assert f"{device} /mnt ext4 ro" in inside(lxc, name, "/bin/cat", "/proc/mounts")
    assert "busybox" in inside(lxc, name, "/bin/ls", "/mnt/bin")


def test_an_image_without_init_is_refused_and_let_go(lxc: Virsh, scratch: Path, name: str, image: Path) -> None:
    path = scratch / "guest.xml"
    path.write_text(on(name, "file", f"file='{image}'", "/sbin/none"))
    lxc("define", str(path))
    assert "cannot find init path '/sbin/none' relative to container root" in lxc.fails("start", name)
    assert state(lxc, name) == "shut off (failed)"
    assert leftovers(name, scratch) == []
    assert loops(image) == ""


def test_an_image_without_a_file_system_is_refused(lxc: Virsh, scratch: Path, name: str) -> None:
    path, image = scratch / "guest.xml", scratch / "empty"
    image.write_bytes(bytes(1 << 20))
    path.write_text(on(name, "file", f"file='{image}'"))
    assert "there is no file system on" in lxc.fails("create", str(path))
    assert loops(image) == ""


FOREIGN = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x16\x00"  # a program for S390


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (None, 0, "cannot find init path '/bin/own' relative to container root: No such file or directory"),
        (b"#!/bin/sh\n", 0o644, "init path '/bin/own' is not executable: Permission denied"),
        (FOREIGN, 0o755, "init path '/bin/own' is a program for another machine: Exec format error"),
        (b"#!/no/such/program\n", 0o755, 'Failed to exec "/bin/own": No such file or directory'),
        (b"echo no program\n", 0o755, 'Failed to exec "/bin/own": Exec format error'),
    ],
)
def test_an_init_that_cannot_be_is_a_start_that_fails(
    lxc: Virsh, define: Define, name: str, root: Path, content: bytes | None, mode: int, said: str
) -> None:
    if content is not None:
        (root / "bin" / "own").write_bytes(content)
        (root / "bin" / "own").chmod(mode)
    define("/bin/own")
    assert said in lxc.fails("start", name)
    assert state(lxc, name) == "shut off (failed)"
    assert leftovers(name, root) == []


def test_users_of_an_image_are_known_by_their_names(lxc: Virsh, scratch: Path, name: str) -> None:
    root = busybox_root(scratch / "other")
    (root / "etc" / "passwd").write_text("root:x:0:0::/:\nrunner:x:1234:55::/:\n")
    (root / "etc" / "group").write_text("root:x:0:\nrunners:x:55:\n")
    image, path = image_of(root, scratch / "image"), scratch / "guest.xml"
    xml = on(name, "file", f"file='{image}'", script(root, "sleep 1000"))
    image_of(root, image)
    path.write_text(xml.replace("</init>", "</init><inituser>runner</inituser><initgroup>runners</initgroup>"))
    lxc("create", str(path))
    status = inside(lxc, name, "/bin/grep", "-E", "Uid|Gid|Groups", "/proc/1/status").split()
    assert (status[1], status[6], status[-1]) == ("1234", "55", "55")
    path.write_text(xml.replace("</init>", "</init><inituser>nobody</inituser>"))
    lxc("destroy", name)
    assert "User nobody doesn't exist" in lxc.fails("create", str(path))
