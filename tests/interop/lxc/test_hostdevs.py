"""Devices of the host that containers are given: nodes, and whole network interfaces."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asking import inside

from containers import script, unique
from daemons import Virsh, eventually, needs

Define = Callable[..., None]


def given(kind: str, tag: str, what: str, more: str = "") -> str:
    return f"<hostdev mode='capabilities' type='{kind}'><source><{tag}>{what}</{tag}></source>{more}</hostdev>"


@pytest.fixture
def loop(scratch: Path) -> Iterator[str]:
    losetup, image = needs("losetup", "util-linux"), scratch / "disk"
    image.write_bytes(b"on the disk\n" + bytes(1 << 20))
    found = subprocess.run([losetup, "--find", "--show", str(image)], capture_output=True, text=True, check=True)
    yield found.stdout.strip()
    subprocess.run([losetup, "--detach", found.stdout.strip()], check=True)


def test_a_block_device_and_a_disk_are_read_inside_and_others_are_not(
    lxc: Virsh, define: Define, name: str, root: Path, loop: str
) -> None:
    os.mknod(root / "tmp" / "kmsg", stat.S_IFCHR | 0o600, os.makedev(1, 11))
    disk = f"<disk type='block' device='disk'><source dev='{loop}'/><target dev='vdb' bus='virtio'/></disk>"
    read = f"cat {loop} | grep disk >/tmp/storage; cat /dev/vdb | grep disk >/tmp/disk; cat /tmp/kmsg 2>/tmp/other"
    define(script(root, f"{read}; echo >/tmp/done; sleep 1000"), devices=given("storage", "block", loop) + disk)
    lxc("start", name)
    eventually((root / "tmp" / "done").exists, "the devices to be read")
    assert (root / "tmp" / "storage").read_text() == "on the disk\n"
    assert (root / "tmp" / "disk").read_text() == "on the disk\n"
    assert "Operation not permitted" in (root / "tmp" / "other").read_text()


def test_a_disk_comes_and_goes_while_it_runs(lxc: Virsh, define: Define, name: str, loop: str) -> None:
    define()
    lxc("start", name)
    lxc("attach-disk", name, loop, "vdc", "--sourcetype", "block", "--live")
    assert inside(lxc, name, "/bin/ls", "/dev/vdc") == "/dev/vdc"
    assert loop in lxc("domblklist", name)
    assert "rd_bytes" in lxc("domblkstat", name, "vdc")
    lxc("detach-disk", name, "vdc", "--live")
    assert loop not in lxc("domblklist", name)
    lxc.fails("lxc-enter-namespace", name, "--noseclabel", "/bin/ls", "/dev/vdc")


@pytest.fixture
def link() -> Iterator[str]:
    """An interface of the host's."""
    ip, name = needs("ip", "iproute2"), unique("h")
    subprocess.run([ip, "link", "add", name, "type", "veth", "peer", f"{name}p"], check=True, timeout=10)
    yield name
    subprocess.run([ip, "link", "del", f"{name}p"], check=True, timeout=10)


def test_an_interface_of_the_hosts_is_the_containers_while_it_runs(
    lxc: Virsh, define: Define, name: str, root: Path, link: str
) -> None:
    address = "<ip address='10.99.6.2' family='ipv4' prefix='24'/>"
    define(script(root, "sleep 1000"), devices=given("net", "interface", link, address))
    lxc("start", name)
    assert not Path("/sys/class/net", link).exists()
    assert "10.99.6.2/24" in inside(lxc, name, "/bin/ip", "-o", "address", "show", link)
    lxc("destroy", name)
    assert Path("/sys/class/net", link).exists()


def test_what_is_not_there_is_refused(lxc: Virsh, define: Define, name: str) -> None:
    for device, said in (
        (given("net", "interface", "vtnolink"), "cannot find network device 'vtnolink': No such device"),
        (given("misc", "char", "/dev/vtnone"), "Unable to access /dev/vtnone: No such file or directory"),
        (given("storage", "block", "/dev/null"), "must be a block device"),
    ):
        define(devices=device)
        assert said in lxc.fails("start", name)
        lxc("undefine", name)
