"""Virtual networks on a host of their own: a network namespace in which the daemon and its dnsmasq run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from daemons import Daemon, Virsh, eventually, needs

NAT = """<network><name>nwt</name><forward mode='nat'/><bridge name='nwtbr0'/>
<ip address='192.168.77.1' netmask='255.255.255.0'><dhcp><range start='192.168.77.10' end='192.168.77.20'/></dhcp></ip>
</network>"""
PORT = """<networkport><uuid>b1b1b1b1-0002-4000-8000-000000000001</uuid>
<owner><name>o</name><uuid>b1b1b1b1-0002-4000-8000-0000000000aa</uuid></owner><mac address='52:54:00:0c:00:99'/>
</networkport>"""


class Host:
    """A daemon in a network namespace; another daemon started later finds the same namespace."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "600"], start_new_session=True)
        eventually(self._is_apart, "a network namespace of its own")
        self.daemon = self.start()

    def _is_apart(self) -> bool:
        own, held = (os.readlink(f"/proc/{pid}/ns/net") for pid in ("self", self.holder.pid))
        return own != held

    def start(self) -> Daemon:
        return Daemon(self.root, inside=("nsenter", "-t", str(self.holder.pid), "-n"))

    @property
    def virsh(self) -> Virsh:
        return Virsh(self.daemon.uri("qemu", "/system"))

    def sees(self, *words: str) -> str:
        """What a command prints that looks at the namespace."""
        found = subprocess.run(["nsenter", "-t", str(self.holder.pid), "-n", *words], capture_output=True, timeout=30)
        return found.stdout.decode()

    def dnsmasq(self) -> int | None:
        with suppress(FileNotFoundError):
            return int((self.root / "run/network/dnsmasq/nwt.pid").read_text())
        return None

    def end(self) -> None:
        if self.daemon.process.poll() is None:
            self.daemon.stop()
        pid = self.dnsmasq()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.holder.kill()
        self.holder.wait()


@pytest.fixture
def host() -> Iterator[Host]:
    if os.geteuid() != 0:
        pytest.skip("virtual networks need root")
    needs("dnsmasq", "dnsmasq-base")
    needs("nft", "nftables")
    root = Path(tempfile.mkdtemp(prefix="vl-nw", dir="/tmp"))
    made = Host(root)
    try:
        yield made
    finally:
        made.end()
        shutil.rmtree(root, ignore_errors=True)


def define(host: Host, text: str = NAT) -> None:
    path = host.root / "n.xml"
    path.write_text(text)
    host.virsh("net-define", str(path))


def test_a_network_lives_and_leaves_nothing(host: Host) -> None:
    define(host)
    host.virsh("net-start", "nwt")
    assert "192.168.77.1/24" in host.sees("ip", "-4", "addr", "show", "nwtbr0")
    assert "masquerade" in host.sees("nft", "list", "table", "inet", "virtloom_nwtbr0")
    assert host.dnsmasq() is not None
    host.virsh("net-destroy", "nwt")
    assert "nwtbr0" not in host.sees("ip", "link")
    assert "nwtbr0" not in host.sees("nft", "list", "tables")
    assert host.dnsmasq() is None
    host.virsh("net-undefine", "nwt")
    assert "nwt" not in host.virsh("net-list", "--all", "--name").split()


def test_a_failed_start_leaves_nothing_half_made(host: Host) -> None:
    define(host, NAT.replace("<ip ", "<mtu size='12'/><ip "))
    assert "Cannot set interface MTU on 'nwtbr0'" in host.virsh.fails("net-start", "nwt")
    assert "nwtbr0" not in host.sees("ip", "link")
    options = "xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'"
    wrong = "<dnsmasq:options><dnsmasq:option value='no-such-option'/></dnsmasq:options></network>"
    define(
        host,
        NAT.replace("<network>", f"<network {options}>")
        .replace("</network>", wrong)
        .replace("nwt<", "nwu<")
        .replace("nwtbr0", "nwubr0"),
    )
    assert "dnsmasq ended with status" in host.virsh.fails("net-start", "nwu")
    assert "nwubr0" not in host.sees("ip", "link") + host.sees("nft", "list", "tables")
    assert "nwu" not in host.virsh("net-list", "--name").split()


def test_a_killed_daemon_finds_its_network_and_its_ports(host: Host) -> None:
    define(host)
    host.virsh("net-start", "nwt")
    (host.root / "p.xml").write_text(PORT)
    host.virsh("net-port-create", "nwt", str(host.root / "p.xml"))
    before = host.dnsmasq()
    host.daemon.process.kill()
    host.daemon.process.wait()
    host.daemon = host.start()
    assert "nwt" in host.virsh("net-list", "--name").split()
    assert "b1b1b1b1-0002-4000-8000-000000000001" in host.virsh("net-port-list", "nwt")
    assert "connections='1'" in host.virsh("net-dumpxml", "nwt")
    assert host.dnsmasq() == before
    host.virsh("net-destroy", "nwt")


def test_a_bridge_belongs_to_one_network(host: Host) -> None:
    define(host)
    (host.root / "other.xml").write_text(NAT.replace("<name>nwt<", "<name>nwo<"))
    told = host.virsh.fails("net-define", str(host.root / "other.xml"))
    assert "bridge name 'nwtbr0' already in use." in told
