"""What guests reach through a network, over IPv4 and IPv6.

A guest on the bridge and a machine beyond the host have a network namespace of their own each.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from hosts import Host, apart, define

PORT = 7777
SERVE = """
import socket
listener = socket.create_server(("::", 7777), family=socket.AF_INET6, dualstack_ipv6=True)
print("listening", flush=True)
while True:
    connection, peer = listener.accept()
    connection.sendall(peer[0].removeprefix("::ffff:").encode())
    connection.close()
"""
ASK = """
import socket, sys
with socket.create_connection((sys.argv[1], 7777), timeout=3) as connection:
    print(connection.recv(100).decode())
"""
NETWORK = """<network><name>nwt</name>{forward}<bridge name='nwtbr0'/>
<ip address='192.168.77.1' netmask='255.255.255.0'/><ip family='ipv6' address='fd00:77::1' prefix='64'/></network>"""
INSIDE = {4: ("192.168.77.2", "24", "192.168.77.1"), 6: ("fd00:77::2", "64", "fd00:77::1")}  # address, prefix, way out
BEYOND = {4: ("10.77.0.1", "24", "10.77.0.254"), 6: ("fd00:99::1", "64", "fd00:99::254")}


class Neighbours:
    """The two, plugged into the host's namespace."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.holders = {name: apart() for name in ("guest", "far")}
        self.servers = []
        for name, addresses in (("guest", INSIDE), ("far", BEYOND)):
            pid = str(self.holders[name].pid)
            host.sees("ip", "link", "add", name, "type", "veth", "peer", "name", "eth9", "netns", pid)
            for version, (address, prefix, _) in addresses.items():
                self._address(name, version, f"{address}/{prefix}", "eth9")
            self.run(name, "ip", "link", "set", "lo", "up")
            self.run(name, "ip", "link", "set", "eth9", "up")
            host.sees("ip", "link", "set", name, "up")
            for version, (_, _, way) in addresses.items():
                self.run(name, "ip", f"-{version}", "route", "add", "default", "via", way)
        host.sees("ip", "link", "set", "guest", "master", "nwtbr0")
        for version, (_, prefix, way) in BEYOND.items():
            nodad = ("nodad",) if version == 6 else ()
            host.sees("ip", f"-{version}", "addr", "add", f"{way}/{prefix}", "dev", "far", *nodad)
        for name in self.holders:
            self._serve(name)

    def _address(self, name: str, version: int, address: str, link: str) -> None:
        nodad = ("nodad",) if version == 6 else ()
        self.run(name, "ip", f"-{version}", "addr", "add", address, "dev", link, *nodad)

    def inside(self, name: str) -> list[str]:
        return ["nsenter", "-t", str(self.holders[name].pid), "-n"]

    def run(self, name: str, *words: str) -> None:
        subprocess.run([*self.inside(name), *words], check=True, capture_output=True, timeout=30)

    def _serve(self, name: str) -> None:
        argv = [*self.inside(name), sys.executable, "-c", SERVE]
        server = subprocess.Popen(argv, stdout=subprocess.PIPE)
        assert server.stdout is not None
        assert server.stdout.readline() == b"listening\n"
        self.servers.append(server)

    def seen_as(self, who: str, address: str) -> str | None:
        """The address under which one of them is seen at another; None if it does not get there."""
        for _ in range(3):  # what is asked first may be lost while addresses are learnt
            argv = [*self.inside(who), sys.executable, "-c", ASK, address]
            finished = subprocess.run(argv, capture_output=True, timeout=30)
            if finished.returncode == 0:
                return finished.stdout.decode().strip()
        return None

    def end(self) -> None:
        for process in [*self.servers, *self.holders.values()]:
            process.kill()
            process.wait()


@pytest.fixture
def neighbours(host: Host, forward: str) -> Iterator[Neighbours]:
    define(host, NETWORK.format(forward=forward))
    host.virsh("net-start", "nwt")
    made = Neighbours(host)
    yield made
    made.end()
    host.virsh("net-destroy", "nwt")


@pytest.mark.parametrize("forward", ["<forward mode='nat'><nat ipv6='yes'/></forward>"])
def test_behind_translation_guests_go_out_under_the_hosts_address_and_nobody_comes_in(neighbours: Neighbours) -> None:
    assert neighbours.seen_as("guest", "10.77.0.1") == "10.77.0.254"
    assert neighbours.seen_as("guest", "fd00:99::1") == "fd00:99::254"
    assert neighbours.seen_as("far", "192.168.77.2") is None
    assert neighbours.seen_as("far", "fd00:77::2") is None


@pytest.mark.parametrize("forward", ["<forward mode='route'/>"])
def test_routed_guests_have_their_own_address_both_ways(neighbours: Neighbours) -> None:
    assert neighbours.seen_as("guest", "10.77.0.1") == "192.168.77.2"
    assert neighbours.seen_as("guest", "fd00:99::1") == "fd00:77::2"
    assert neighbours.seen_as("far", "192.168.77.2") == "10.77.0.1"
    assert neighbours.seen_as("far", "fd00:77::2") == "fd00:99::1"


@pytest.mark.parametrize("forward", [""])
def test_isolated_guests_reach_nobody_and_nobody_reaches_them(neighbours: Neighbours) -> None:
    neighbours.host.sees("sysctl", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    assert neighbours.seen_as("guest", "10.77.0.1") is None
    assert neighbours.seen_as("guest", "fd00:99::1") is None
    assert neighbours.seen_as("far", "192.168.77.2") is None
    assert neighbours.seen_as("far", "fd00:77::2") is None
