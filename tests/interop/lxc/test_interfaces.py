"""Interfaces of containers: their limits, what changes while one runs, and those that stand on a link of the host."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asking import inside, interface

from containers import busybox_root, container_xml, leftovers, links, script, unique
from daemons import Virsh, needs

Start = Callable[[str], Path]
MAC = "52:54:00:4c:58:01"


@pytest.fixture
def start(lxc: Virsh, scratch: Path, root: Path, name: str) -> Start:
    """Starts the test's container with some devices; gives its definition's path."""

    def run(devices: str) -> Path:
        path = scratch / "guest.xml"
        path.write_text(container_xml(name, root, script(root, "sleep 1000"), devices=devices))
        lxc("create", str(path))
        return path

    return run


def outer_of(lxc: Virsh, name: str, mac: str = MAC) -> str:
    """The name of an interface's end on the host."""
    return next(line.split()[0] for line in lxc("domiflist", name).splitlines() if mac in line)


def rates(device: str) -> str:
    """The classes of a link's queue."""
    done = subprocess.run([needs("tc", "iproute2"), "class", "show", "dev", device], capture_output=True, text=True)
    return done.stdout.strip()


def update(lxc: Virsh, scratch: Path, name: str, xml: str, *options: str) -> None:
    path = scratch / "device.xml"
    path.write_text(xml)
    lxc("update-device", name, str(path), "--live", *options)


LIMITED = "<bandwidth><inbound average='1000' peak='2000' burst='10'/></bandwidth>"


def test_what_a_container_receives_is_limited_and_the_limit_changes(
    lxc: Virsh, scratch: Path, name: str, bridge: str, start: Start
) -> None:
    start(interface(bridge, 1, LIMITED))
    outer = outer_of(lxc, name)
    assert "rate 8Mbit ceil 16Mbit burst 10Kb" in rates(outer)
    assert "<inbound average='1000' peak='2000' burst='10'/>" in lxc("dumpxml", name)
    update(lxc, scratch, name, interface(bridge, 1, "<bandwidth><inbound average='500'/></bandwidth>"))
    assert "rate 4Mbit ceil 4Mbit" in rates(outer)
    update(lxc, scratch, name, interface(bridge, 1))
    assert rates(outer) == ""
    assert "bandwidth" not in lxc("dumpxml", name)


def test_a_limit_that_the_kernel_cannot_keep_fails_the_start_and_leaves_nothing(
    lxc: Virsh, scratch: Path, root: Path, name: str, bridge: str
) -> None:
    sending = "<bandwidth><outbound average='1000'/></bandwidth>"
    path = scratch / "guest.xml"
    path.write_text(container_xml(name, root, script(root, "sleep 1000"), devices=interface(bridge, 1, sending)))
    created = lxc.run("create", str(path))
    if created.returncode:  # a kernel without act_police
        assert "the kernel cannot limit the bandwidth of interfaces" in created.stderr
        return
    show = [needs("tc", "iproute2"), "-j", "filter", "show", "dev", outer_of(lxc, name), "parent", "ffff:"]
    assert "police" in subprocess.run(show, capture_output=True, text=True).stdout


def test_a_cable_that_is_pulled_carries_nothing_until_it_is_plugged_in_again(lxc: Virsh, pair: tuple[str, str]) -> None:
    first, _ = pair
    lxc("domif-setlink", first, MAC, "down")
    assert "<link state='down'/>" in lxc("dumpxml", first)
    assert lxc("domif-getlink", first, MAC).endswith("down")
    lxc.fails("lxc-enter-namespace", first, "--noseclabel", "/bin/ping", "-c", "1", "-W", "1", "10.99.7.2")
    inside(lxc, first, "/bin/ip", "link", "set", "eth0", "up")  # root inside cannot plug it in
    assert "LOWER_UP" not in inside(lxc, first, "/bin/ip", "-o", "link", "show", "eth0")
    lxc("domif-setlink", first, MAC, "up")
    assert "1 packets received" in inside(lxc, first, "/bin/ping", "-c", "1", "-W", "5", "10.99.7.2")


def test_an_interface_moves_to_another_bridge(lxc: Virsh, scratch: Path, name: str, bridge: str, start: Start) -> None:
    start(interface(bridge, 1))
    outer, other = outer_of(lxc, name), unique("bs")
    subprocess.run(["ip", "link", "add", other, "type", "bridge"], check=True, timeout=10)
    try:
        update(lxc, scratch, name, interface(other, 1))
        assert Path(f"/sys/class/net/{other}/brif/{outer}").exists()
        assert f"<source bridge='{other}'/>" in lxc("dumpxml", name)
        path = scratch / "device.xml"
        path.write_text(interface("vtnobridge", 1, LIMITED))
        assert "Unable to add bridge vtnobridge" in lxc.fails("update-device", name, str(path), "--live")
        assert Path(f"/sys/class/net/{other}/brif/{outer}").exists()
        assert rates(outer) == ""
    finally:
        subprocess.run(["ip", "link", "del", other], check=True, timeout=10)


def test_what_cannot_change_is_refused_and_nothing_is_changed(
    lxc: Virsh, scratch: Path, name: str, bridge: str, start: Start
) -> None:
    start(interface(bridge, 1))
    before, path = lxc("dumpxml", name), scratch / "device.xml"
    path.write_text(interface(bridge, 1, "<mtu size='1400'/><link state='down'/>"))
    assert f"cannot modify interface {MAC}" in lxc.fails("update-device", name, str(path), "--live")
    path.write_text(interface(bridge, 2))
    assert "no device found" in lxc.fails("update-device", name, str(path), "--live")
    path.write_text("<disk type='block' device='disk'><source dev='/dev/null'/><target dev='vda' bus='virtio'/></disk>")
    assert "Unable to modify live devices" in lxc.fails("update-device", name, str(path), "--live")
    assert lxc("dumpxml", name) == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("<vlan><tag id='42'/></vlan>", f"interface {MAC} - vlan tag not supported for this connection type"),
        ("<filterref filter='clean-traffic'/>", "network filters are not supported for containers"),
        ("<virtualport type='openvswitch'/>", "virtual ports are not supported for containers"),
        ("<script path='/bin/true'/>", "scripts are not supported on LXC network interfaces"),
    ],
)
def test_what_would_be_ignored_is_refused_before_anything_is_made(
    lxc: Virsh, scratch: Path, root: Path, name: str, bridge: str, more: str, said: str
) -> None:
    before, path = links(), scratch / "guest.xml"
    path.write_text(container_xml(name, root, devices=interface(bridge, 1, more)))
    assert said in lxc.fails("create", str(path))
    assert links() == before


def test_a_port_can_be_isolated_from_others(lxc: Virsh, scratch: Path, name: str, bridge: str, start: Start) -> None:
    start(interface(bridge, 1, "<port isolated='yes'/>"))
    show = [needs("bridge", "iproute2"), "-d", "-j", "link", "show", "dev", outer_of(lxc, name)]
    [told] = json.loads(subprocess.run(show, capture_output=True, text=True, check=True).stdout)
    assert told["isolated"] is True


def test_an_ethernet_interface_has_addresses_on_both_ends(lxc: Virsh, name: str, start: Start) -> None:
    start(f"""<interface type='ethernet'><mac address='{MAC}'/>
        <source><ip address='10.99.8.1' family='ipv4' prefix='24'/>
          <route family='ipv4' address='10.98.0.0' prefix='16' gateway='10.99.8.2'/></source>
        <ip address='10.99.8.2' family='ipv4' prefix='24'/></interface>""")
    assert "1 packets received" in inside(lxc, name, "/bin/ping", "-c", "1", "-W", "5", "10.99.8.1")
    told = subprocess.run(["ip", "route", "show", "10.98.0.0/16"], capture_output=True, text=True, check=True).stdout
    assert f"via 10.99.8.2 dev {outer_of(lxc, name)}" in told


def direct(bridge: str, number: int, more: str = "") -> str:
    return f"""<interface type='direct'><source dev='{bridge}' mode='bridge'/>
        <mac address='52:54:00:4c:58:{number:02x}'/><ip address='10.99.9.{number}' prefix='24'/>{more}</interface>"""


@pytest.fixture
def on_link(lxc: Virsh, scratch: Path, root: Path, bridge: str) -> Iterator[tuple[str, str]]:
    """Two containers on the bridge itself, as on any link of the host's."""
    names = unique("v"), unique("w")
    for number, (name, place) in enumerate(zip(names, (root, busybox_root(scratch / "other")), strict=True), 1):
        path = scratch / f"{name}.xml"
        path.write_text(container_xml(name, place, script(place, "sleep 1000"), devices=direct(bridge, number)))
        lxc("create", str(path))
    yield names
    for name in names:
        lxc("destroy", name)
        assert leftovers(name) == []
    assert {link for link in links() if link.startswith("macvlan")} == set()


def test_direct_interfaces_reach_each_other_and_are_counted(lxc: Virsh, on_link: tuple[str, str]) -> None:
    first, _ = on_link
    assert "1 packets received" in inside(lxc, first, "/bin/ping", "-c", "1", "-W", "5", "10.99.9.2")
    outer = outer_of(lxc, first)
    assert outer.startswith("macvlan")
    counters = dict(line.split()[1:] for line in lxc("domifstat", first, outer).splitlines())
    assert int(counters["rx_packets"]) > 0
    assert f"net.0.name={outer}" in lxc("domstats", first, "--interface")


def test_direct_interfaces_come_and_go(lxc: Virsh, scratch: Path, on_link: tuple[str, str], bridge: str) -> None:
    first, _ = on_link
    path = scratch / "device.xml"
    path.write_text(direct(bridge, 9))
    lxc("attach-device", first, str(path), "--live")
    assert "52:54:00:4c:58:09" in inside(lxc, first, "/bin/ip", "-o", "link", "show", "eth1")
    lxc("domif-setlink", first, "52:54:00:4c:58:09", "down")
    assert "<BROADCAST,MULTICAST" in inside(lxc, first, "/bin/ip", "-o", "link", "show", "eth1")
    lxc("detach-device", first, str(path), "--live")
    assert "eth1" not in inside(lxc, first, "/bin/ip", "-o", "link")
    path.write_text(direct(bridge, 9, "<ip address='10.99.9.9' prefix='240'/>"))
    lxc.fails("attach-device", first, str(path), "--live")
    assert "52:54:00:4c:58:09" not in inside(lxc, first, "/bin/ip", "-o", "link")


@pytest.mark.parametrize(
    ("device", "said"),
    [
        (direct("vtnolink", 1), "Unable to get index for interface vtnolink: No such device"),
        (direct("lo", 1, LIMITED), "Unable to set network bandwidth on direct interfaces"),
    ],
)
def test_a_direct_interface_that_cannot_be_is_refused_before_anything_is_made(
    lxc: Virsh, scratch: Path, root: Path, name: str, device: str, said: str
) -> None:
    before, path = links(), scratch / "guest.xml"
    path.write_text(container_xml(name, root, devices=device))
    assert said in lxc.fails("create", str(path))
    assert links() == before
