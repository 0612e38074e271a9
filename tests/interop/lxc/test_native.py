"""Definitions as configurations of liblxc, and back: what comes out is read again, and run by liblxc's own tools."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asking import interface

from containers import container_xml, leftovers, script, unique
from daemons import Virsh, eventually, needs

Native = Callable[[str], str]


@pytest.fixture
def converted(lxc: Virsh, scratch: Path, root: Path) -> str:
    """A configuration that was made of a definition."""
    path = scratch / "guest.xml"
    shared = scratch / "shared"
    shared.mkdir()
    devices = f"""<filesystem type='mount'><source dir='{shared}'/><target dir='/mnt'/><readonly/></filesystem>"""
    more = "<cputune><shares>512</shares></cputune>"
    init = script(root, 'echo "$1 $H3 $(ls /mnt)" >/tmp/told; sleep 1000')
    words = "<initarg>first</initarg><initenv name='H3'>value</initenv>"
    (shared / "file").touch()
    xml = container_xml(unique("t"), root, init, devices=devices, more=more, os_parts=words)
    path.write_text(xml)
    return lxc("domxml-to-native", "lxc-tools", "--xml", str(path))


def test_what_comes_out_says_what_went_in(converted: str, root: Path) -> None:
    lines = converted.splitlines()
    assert f"lxc.rootfs.path = dir:{root}" in lines
    assert "lxc.init.cmd = /bin/init first" in lines
    assert "lxc.environment = H3=value" in lines
    assert "lxc.cgroup.memory.limit_in_bytes = 65536K" in lines
    assert "lxc.cgroup.cpu.shares = 512" in lines
    assert "lxc.net.0.type = empty" in lines
    assert not any("hook" in line or "cgroup.dir" in line for line in lines)


def test_liblxcs_own_tools_run_it(converted: str, scratch: Path, root: Path) -> None:
    config, places, name = scratch / "config", scratch / "lxc", unique("t")
    config.write_text(converted)
    places.mkdir()
    start, stop = needs("lxc-start", "lxc"), needs("lxc-stop", "lxc")
    process = subprocess.Popen(
        [start, "-F", "-P", str(places), "-n", name, "-f", str(config)], stdin=subprocess.DEVNULL
    )
    try:
        told = root / "tmp" / "told"
        eventually(lambda: told.exists() and told.read_text() != "", "init to tell")
        assert told.read_text() == "first value file\n"
    finally:
        subprocess.run([stop, "-k", "-P", str(places), "-n", name], timeout=30)
        process.wait(30)
    assert leftovers(name, root) == []


@pytest.fixture
def native(lxc: Virsh, scratch: Path) -> Native:
    """Makes a definition of a configuration."""
    path = scratch / "native.conf"

    def read(text: str) -> str:
        path.write_text(text)
        return lxc("domxml-from-native", "lxc-tools", str(path))

    return read


CONFIG = """lxc.uts.name = native
lxc.rootfs.path = {root}
lxc.arch = x86_64
lxc.net.0.type = veth
lxc.net.0.link = {bridge}
lxc.net.0.name = eth5
lxc.net.0.flags = up
lxc.net.0.hwaddr = 52:54:00:4c:58:01
lxc.net.0.ipv4.address = 10.99.7.1/24
lxc.cgroup.memory.limit_in_bytes = 64M
lxc.tty.max = 1
"""


def test_a_configuration_becomes_a_container_that_runs(
    lxc: Virsh, native: Native, scratch: Path, root: Path, name: str, bridge: str
) -> None:
    (root / "sbin").mkdir()
    (root / "sbin" / "init").write_text("#!/bin/sh\nsleep 1000\n")
    (root / "sbin" / "init").chmod(0o755)
    xml = native(CONFIG.format(root=root, bridge=bridge)).replace("<name>native</name>", f"<name>{name}</name>")
    assert "<mac address='52:54:00:4c:58:01'/>" in xml
    path = scratch / "guest.xml"
    path.write_text(xml)
    lxc("define", str(path))
    lxc("start", name)
    shown = lxc("lxc-enter-namespace", name, "--noseclabel", "/bin/ip", "-o", "address", "show", "eth5")
    assert "10.99.7.1/24" in shown
    assert "hard_limit     : 65536" in lxc("memtune", name)


def test_there_and_back_the_interfaces_stay(lxc: Virsh, native: Native, scratch: Path, root: Path) -> None:
    path = scratch / "guest.xml"
    path.write_text(container_xml("there", root, devices=interface("br0", 1, "<link state='up'/>")))
    back = native(lxc("domxml-to-native", "lxc-tools", "--xml", str(path)))
    for one in (
        "<source bridge='br0'/>",
        "<ip address='10.99.7.1' family='ipv4' prefix='24'/>",
        "52:54:00:4c:58:01",
        f"<source dir='{root}'/>",
    ):
        assert one in back


def test_other_formats_are_refused(lxc: Virsh, scratch: Path, root: Path) -> None:
    path = scratch / "guest.xml"
    path.write_text(container_xml("there", root))
    assert "unsupported config type qemu-argv" in lxc.fails("domxml-to-native", "qemu-argv", "--xml", str(path))
    assert "unsupported config type bogus" in lxc.fails("domxml-from-native", "bogus", str(path))
