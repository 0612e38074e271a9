"""What a container sees of itself: its own memory where lxcfs serves, and its addresses as the host can tell them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asking import inside, interface

from containers import container_xml
from daemons import CONFIG, Daemon, Virsh, eventually, needs

Define = Callable[..., None]


@pytest.fixture
def served(scratch: Path) -> Iterator[Path]:
    """A folder that lxcfs serves."""
    place = scratch / "lxcfs"
    place.mkdir()
    program = [needs("lxcfs", "lxcfs"), "--foreground", "--pidfile", str(scratch / "lxcfs.pid"), str(place)]
    with (scratch / "lxcfs.log").open("w") as log:
        process = subprocess.Popen(program, stdout=log, stderr=log)
    try:
        eventually(lambda: f" {place} fuse.lxcfs " in Path("/proc/mounts").read_text(), "lxcfs to serve")
        yield place
    finally:
        process.terminate()
        process.wait(20)
        subprocess.run(["umount", "-l", str(place)], capture_output=True)


def test_proc_tells_of_the_container_where_lxcfs_serves(scratch: Path, root: Path, name: str, served: Path) -> None:
    folder = scratch / "own"
    daemon = Daemon(folder, f'{CONFIG}[driver.lxc]\nlxcfs = "{served}"\n')
    try:
        lxc, path = Virsh(daemon.uri("lxc", "/system")), scratch / "guest.xml"
        path.write_text(container_xml(name, root, memory=32768))
        lxc("create", str(path))
        assert inside(lxc, name, "/bin/grep", "MemTotal", "/proc/meminfo").split()[1] == "32768"
        assert "/proc/uptime fuse.lxcfs" in inside(lxc, name, "/bin/cat", "/proc/mounts")
        lxc("destroy", name)
    finally:
        daemon.stop()


def test_addresses_inside_are_told_with_the_source_of_an_agent(
    lxc: Virsh, define: Define, name: str, bridge: str
) -> None:
    define(devices=interface(bridge, 1, "<ip address='fd00::1' prefix='64'/>"))
    assert "domain is not running" in lxc.fails("domifaddr", name, "--source", "agent")
    lxc("start", name)
    told = [line.split() for line in lxc("domifaddr", name, "--source", "agent", "--full").splitlines()[2:]]
    assert ["eth0", "52:54:00:4c:58:01", "ipv4", "10.99.7.1/24"] in told
    assert ["eth0", "52:54:00:4c:58:01", "ipv6", "fd00::1/64"] in told
    assert any(line[0] == "lo" and line[-1] == "127.0.0.1/8" for line in told)
    assert lxc("domifaddr", name, "--source", "lease").splitlines()[2:] == []
