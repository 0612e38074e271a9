"""Containers on a bridge of the test's own, which carries nothing but their traffic."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asking import inside, interface, state

from containers import container_xml, links, script, unique
from daemons import Virsh, eventually

Define = Callable[..., None]


def test_one_container_reaches_another_over_the_bridge(lxc: Virsh, pair: tuple[str, str]) -> None:
    first, second = pair
    assert "1 packets received" in inside(lxc, first, "/bin/ping", "-c", "1", "-W", "5", "10.99.7.2")
    assert "1 packets received" in inside(lxc, second, "/bin/ping", "-c", "1", "-W", "5", "10.99.7.1")


def test_its_interface_is_listed_counted_and_named_as_libvirt_does(lxc: Virsh, pair: tuple[str, str]) -> None:
    first, _ = pair
    inside(lxc, first, "/bin/ping", "-c", "1", "-W", "5", "10.99.7.2")
    outer = next(line.split()[0] for line in lxc("domiflist", first).splitlines() if "52:54:00:4c:58:01" in line)
    assert outer.startswith("vnet")
    counters = dict(line.split()[1:] for line in lxc("domifstat", first, outer).splitlines())
    assert int(counters["tx_packets"]) > 0
    assert f"<target dev='{outer}'/>" in lxc("dumpxml", first)
    assert "<guest dev='eth0'/>" in lxc("dumpxml", first)
    link = inside(lxc, first, "/bin/ip", "-o", "link", "show", "eth0")
    assert "52:54:00:4c:58:01" in link
    assert "UP" in inside(lxc, first, "/bin/ip", "-o", "link", "show", "lo")


def test_an_interface_comes_and_goes_while_it_runs(lxc: Virsh, pair: tuple[str, str], bridge: str) -> None:
    first, _ = pair
    lxc("attach-interface", first, "bridge", bridge, "--mac", "52:54:00:4c:58:99", "--live")
    assert "52:54:00:4c:58:99" in inside(lxc, first, "/bin/ip", "-o", "link", "show", "eth1")
    lxc("detach-interface", first, "bridge", "--mac", "52:54:00:4c:58:99", "--live")
    assert "eth1" not in inside(lxc, first, "/bin/ip", "-o", "link")


ROUTES = """<route family='ipv4' address='0.0.0.0' gateway='10.99.7.254'/>
    <route family='ipv4' address='172.31.0.0' prefix='16' gateway='10.99.7.253'/><link state='up'/>"""


def test_routes_are_there_when_init_begins_also_after_a_reboot(
    lxc: Virsh, define: Define, name: str, root: Path, bridge: str
) -> None:
    begins = "ip route >/tmp/routes.new; cp /tmp/routes.new /tmp/routes; echo boot >>/tmp/boots"
    define(script(root, f"{begins}; trap 'reboot -f' HUP; while true; do sleep 0.1; done"),
           devices=interface(bridge, 9, ROUTES))  # fmt: skip
    (root / "bin" / "cp").symlink_to("busybox")
    boots, routes = root / "tmp" / "boots", root / "tmp" / "routes"
    lxc("start", name)
    for number in (1, 2):
        eventually(lambda: boots.exists() and boots.read_text().count("boot") == number, f"boot {number}")  # noqa: B023
        assert "default via 10.99.7.254" in routes.read_text()
        assert "172.31.0.0/16 via 10.99.7.253 dev eth0  metric 1" in routes.read_text()
        lxc("reboot", name)


def test_a_route_that_cannot_be_fails_the_start_and_says_so(lxc: Virsh, define: Define, name: str, bridge: str) -> None:
    route = "<route family='ipv4' address='172.31.0.0' prefix='16' gateway='192.0.2.1'/>"
    define(devices=interface(bridge, 9, route))
    assert "Unable to set up eth0: Network is unreachable" in lxc.fails("start", name)
    assert state(lxc, name) == "shut off (failed)"


def test_a_bridge_that_is_not_there_is_refused_before_anything_is_made(
    lxc: Virsh, scratch: Path, root: Path, name: str
) -> None:
    before, path = links(), scratch / "guest.xml"
    path.write_text(container_xml(name, root, devices=interface("vtnobridge", 1)))
    assert "Unable to add bridge vtnobridge port vnet0: No such device" in lxc.fails("create", str(path))
    assert links() == before
    assert name not in lxc("list", "--all", "--name")


@pytest.fixture
def network(lxc: Virsh, scratch: Path, bridge: str) -> Iterator[str]:
    """A network of the daemon's on the test's bridge, inactive at first."""
    name, path = unique("net"), scratch / "network.xml"
    path.write_text(f"<network><name>{name}</name><forward mode='bridge'/><bridge name='{bridge}'/></network>")
    lxc("net-define", str(path))
    yield name
    lxc.run("net-destroy", name)
    lxc("net-undefine", name)


def ports(lxc: Virsh, network: str) -> list[str]:
    """The uuids of a network's ports."""
    return [line.strip() for line in lxc("net-port-list", network).splitlines()[2:]]


def test_an_interface_on_a_network_has_a_port_there_for_as_long_as_it_lasts(
    lxc: Virsh, scratch: Path, root: Path, bridge: str, network: str, name: str
) -> None:
    path = scratch / "guest.xml"
    card = f"<interface type='network'><source network='{network}'/><mac address='52:54:00:4c:58:07'/></interface>"
    path.write_text(container_xml(name, root, script(root, "sleep 1000"), devices=card))
    lxc("define", str(path))
    assert f"network '{network}' is not active" in lxc.fails("start", name)
    lxc("net-start", network)
    lxc("start", name)
    [port] = ports(lxc, network)
    assert f"<source network='{network}' portid='{port}' bridge='{bridge}'/>" in lxc("dumpxml", name)
    assert f"<name>{name}</name>" in lxc("net-port-dumpxml", network, port)
    assert f"<source network='{network}'/>" in lxc("dumpxml", name, "--inactive")
    assert len(list(Path(f"/sys/class/net/{bridge}/brif").iterdir())) == 1
    lxc("attach-interface", name, "network", network, "--mac", "52:54:00:4c:58:08", "--live")
    assert len(ports(lxc, network)) == 2
    lxc("detach-interface", name, "network", "--mac", "52:54:00:4c:58:08", "--live")
    assert ports(lxc, network) == [port]
    lxc("destroy", name)
    assert ports(lxc, network) == []


def test_a_start_that_fails_gives_its_port_back(lxc: Virsh, scratch: Path, root: Path, network: str, name: str) -> None:
    path = scratch / "guest.xml"
    lxc("net-start", network)
    card = f"<interface type='network'><source network='{network}'/></interface>"
    broken = card.replace("</interface>", "<target dev='longer-than-links'/></interface>")
    path.write_text(container_xml(name, root, devices=card + broken))
    lxc("define", str(path))
    assert "Unable to create veth device longer-than-links" in lxc.fails("start", name)
    assert ports(lxc, network) == []
