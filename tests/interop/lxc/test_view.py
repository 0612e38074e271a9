"""What a container sees of itself: its environment, memory and limits, and its addresses as the host can tell them."""

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


def test_proc_tells_of_the_container_s_memory_as_it_is_now(
    lxc: Virsh, define: Define, name: str, scratch: Path
) -> None:
    define(memory=32768)
    lxc("start", name)
    assert inside(lxc, name, "/bin/grep", "MemTotal", "/proc/meminfo").split()[1] == "32768"
    lxc("memtune", name, "--hard-limit", "24576")
    assert inside(lxc, name, "/bin/grep", "MemTotal", "/proc/meminfo").split()[1] == "24576"
    assert f"/{name}/meminfo" not in Path("/proc/mounts").read_text(), "the host need not see it"


def test_init_finds_what_libvirt_s_containers_find(lxc: Virsh, define: Define, name: str) -> None:
    words = "<initarg>1000</initarg><cmdline>quiet a</cmdline><initenv name='OWN'>b  c</initenv>"
    define("/bin/sleep", os_parts=words, devices="<console type='pty'/>")
    lxc("start", name)
    found = inside(lxc, name, "/bin/cat", "/proc/1/environ").rstrip("\0\n").split("\0")
    names = [one.partition("=")[0] for one in found]
    assert names == [
        "PATH", "TERM", "container", "HOME", "container_uuid", "container_ttys", "LIBVIRT_LXC_UUID", "LIBVIRT_LXC_NAME",
        "LIBVIRT_LXC_CMDLINE", "OWN",
    ]  # fmt: skip
    assert {"container=lxc-libvirt", "container_ttys=tty2", "LIBVIRT_LXC_CMDLINE=quiet a", "OWN=b  c"} < set(found)


def test_init_has_its_console_and_no_other_descriptor(lxc: Virsh, define: Define, name: str) -> None:
    define("/bin/sleep", os_parts="<initarg>1000</initarg>")
    lxc("start", name)
    listed = inside(lxc, name, "/bin/ls", "-l", "/proc/1/fd").splitlines()[1:]
    assert [line.split()[-3] for line in listed] == ["0", "1", "2"]
    assert len({line.split()[-1] for line in listed}) == 1
    assert inside(lxc, name, "/bin/cat", "/proc/1/stat").split()[6] != "0", "it has no controlling terminal"


@pytest.mark.parametrize(
    ("capabilities", "access"), [("", "rw"), ("<capabilities><sys_admin state='off'/></capabilities>", "ro")]
)
def test_limits_are_seen_inside_and_written_by_none_who_could_not_mount_them(
    lxc: Virsh, define: Define, name: str, capabilities: str, access: str
) -> None:
    define(features=capabilities)
    lxc("start", name)
    mounts = [line.split() for line in inside(lxc, name, "/bin/cat", "/proc/mounts").splitlines() if line]
    groups = {where: options for _, where, kind, options, *_ in mounts if kind in ("cgroup", "cgroup2")}
    assert groups
    assert {options.split(",")[0] for options in groups.values()} == {access}


def test_a_root_with_nothing_but_init_is_enough(lxc: Virsh, scratch: Path, root: Path, name: str) -> None:
    bare, path = scratch / "bare", scratch / "guest.xml"
    bare.mkdir()
    (root / "bin" / "busybox").rename(bare / "sh")
    path.write_text(container_xml(name, bare, "/sh"))
    lxc("create", str(path))
    assert inside(lxc, name, "/sh", "-c", "read line </proc/meminfo; echo $line").split()[1] == "65536"


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
