"""Virtual networks on a host of their own."""

from __future__ import annotations

import os
import signal
import subprocess
from shutil import which

from hosts import NAT, Host, define

from daemons import eventually, needs

PORT = """<networkport><uuid>b1b1b1b1-0002-4000-8000-000000000001</uuid>
<owner><name>o</name><uuid>b1b1b1b1-0002-4000-8000-0000000000aa</uuid></owner><mac address='52:54:00:0c:00:99'/>
</networkport>"""


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
    host.sees("nft", "flush", "ruleset")
    host.daemon = host.start()
    eventually(lambda: "virtloom_nwtbr0" in host.sees("nft", "list", "tables"), "its rules are put again")
    assert "nwt" in host.virsh("net-list", "--name").split()
    assert "b1b1b1b1-0002-4000-8000-000000000001" in host.virsh("net-port-list", "nwt")
    assert "connections='1'" in host.virsh("net-dumpxml", "nwt")
    assert host.dnsmasq() == before
    host.virsh("net-destroy", "nwt")


def test_what_a_daemon_was_starting_when_it_was_killed_is_undone(host: Host) -> None:
    define(host)
    stuck = host.root / "nft"
    stuck.write_text(f"#!/bin/sh\necho $$ > {host.root}/nft.pid\nexec sleep 600\n")
    stuck.chmod(0o755)
    host.daemon.stop()
    host.daemon = host.start("unshare", "-m", "sh", "-c", f'mount --bind {stuck} {which("nft")} && exec "$@"', "sh")
    uri = host.daemon.uri("qemu", "/system")
    starting = subprocess.Popen(["virsh", "-c", uri, "net-start", "nwt"], stderr=subprocess.DEVNULL)
    eventually(lambda: (host.root / "nft.pid").exists(), "nft is being called")
    assert "nwtbr0" in host.sees("ip", "link")
    host.daemon.process.kill()
    host.daemon.process.wait()
    starting.wait(30)
    os.kill(int((host.root / "nft.pid").read_text()), signal.SIGKILL)
    host.daemon = host.start()
    assert "nwtbr0" not in host.sees("ip", "link")
    host.virsh("net-start", "nwt")
    host.virsh("net-destroy", "nwt")


def test_a_bridge_belongs_to_one_network(host: Host) -> None:
    define(host)
    (host.root / "other.xml").write_text(NAT.replace("<name>nwt<", "<name>nwo<"))
    told = host.virsh.fails("net-define", str(host.root / "other.xml"))
    assert "bridge name 'nwtbr0' already in use." in told


LIMITED = NAT.replace("<bridge", "<bandwidth><inbound average='1000' peak='2000' burst='64'/></bandwidth><bridge")


def test_a_network_carries_no_more_than_it_says(host: Host) -> None:
    needs("tc", "iproute2")
    define(host, LIMITED)
    host.virsh("net-start", "nwt")
    assert "rate 8Mbit ceil 16Mbit burst 64Kb" in host.sees("tc", "class", "show", "dev", "nwtbr0")
    host.virsh("net-destroy", "nwt")
