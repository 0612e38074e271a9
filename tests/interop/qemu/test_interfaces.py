"""Interfaces of guests on bridges and networks: connected when a run begins, given back however it ends."""

from __future__ import annotations

import array
import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from booted import BOOT_WITHIN, READY, console, initrd, kernel

from containers import links as containers_links
from daemons import Virsh, eventually, needs

MAC = "52:54:00:4c:59:01"


def unique(prefix: str) -> str:
    return f"{prefix}{uuid4().hex[:8]}"


def links() -> set[str]:
    """The names of guests' links; the host's other links are of tests beside these."""
    return {name for _, name in socket.if_nameindex() if name.startswith(("vnet", "macvtap"))} - containers_links()


@pytest.fixture(autouse=True)
def _one_at_a_time() -> Iterator[None]:
    """Tests that look for links that are left over take turns, also across processes."""
    with (Path(tempfile.gettempdir()) / "virtloom-tap-tests.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def bridge() -> Iterator[str]:
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("taps need root rights and /dev/net/tun")
    ip, name = needs("ip", "iproute2"), unique("qbr")
    subprocess.run([ip, "link", "add", name, "type", "bridge"], check=True, timeout=10)
    subprocess.run([ip, "link", "set", name, "mtu", "1400", "up"], check=True, timeout=10)
    yield name
    subprocess.run([ip, "link", "del", name], check=True, timeout=10)


def on(bridge: str) -> set[str]:
    """The links that are on a bridge."""
    return set(os.listdir(f"/sys/class/net/{bridge}/brif"))


def read(link: str, field: str) -> str:
    return Path("/sys/class/net", link, field).read_text().strip()


def card(bridge: str, more: str = "") -> str:
    return f"<interface type='bridge'><mac address='{MAC}'/><source bridge='{bridge}'/>{more}</interface>"


@pytest.fixture
def network(host: Any, bridge: str) -> str:
    """A network of the daemon's on the test's bridge, running."""
    name, path = unique("net"), host.root / "network.xml"
    path.write_text(f"<network><name>{name}</name><forward mode='bridge'/><bridge name='{bridge}'/></network>")
    host.virsh("net-define", str(path))
    host.virsh("net-start", name)
    return name


def ports(virsh: Virsh, network: str) -> list[str]:
    return [line.strip() for line in virsh("net-port-list", network).splitlines()[2:]]


def test_a_tap_is_put_on_the_bridge_and_goes_with_the_run(host: Any, bridge: str) -> None:
    virsh = host.virsh
    virsh("create", host.write("wired", devices=card(bridge, "<model type='virtio'/>")))
    [tap] = on(bridge)
    assert tap.startswith("vnet")
    assert (read(tap, "address"), read(tap, "mtu")) == ("fe" + MAC[2:], "1400")
    assert re.search(rf"{tap} +bridge +{bridge} +virtio +{MAC}", virsh("domiflist", "wired"))
    assert f"<target dev='{tap}'/>" in virsh("dumpxml", "wired")
    assert "<target" not in virsh("dumpxml", "wired", "--inactive").partition("<interface")[2].partition("</inter")[0]
    assert f"{tap} rx_bytes " in virsh("domifstat", "wired", tap)
    virsh("destroy", "wired")
    assert on(bridge) == set()


def test_names_of_the_users_and_sizes_are_kept(host: Any, bridge: str) -> None:
    name = unique("qt")
    more = f"<target dev='{name}'/><model type='e1000'/><mtu size='1300'/><link state='down'/>"
    host.virsh("create", host.write("named", devices=card(bridge, more)))
    assert on(bridge) == {name}
    assert read(name, "mtu") == "1300"
    assert host.virsh("domif-getlink", "named", name) == f"{name} down"


def test_an_interface_on_a_network_has_a_port_there_however_its_run_ends(host: Any, bridge: str, network: str) -> None:
    virsh = host.virsh
    virsh("define", host.write("net", devices=f"<interface type='network'><source network='{network}'/></interface>"))
    virsh("start", "net")
    [port] = ports(virsh, network)
    assert f"<source network='{network}' portid='{port}' bridge='{bridge}'/>" in virsh("dumpxml", "net")
    assert f"<source network='{network}'/>" in virsh("dumpxml", "net", "--inactive")
    host.crash()
    assert ports(virsh, network) == [port]
    os.kill(host.pid("net"), signal.SIGKILL)
    eventually(lambda: ports(virsh, network) == [], "the port to be given back")
    virsh("start", "net")
    virsh("destroy", "net")
    assert (ports(virsh, network), on(bridge)) == ([], set())


def test_a_start_that_fails_leaves_neither_port_nor_tap(host: Any, bridge: str, network: str) -> None:
    virsh, before = host.virsh, links()
    good = f"<interface type='network'><source network='{network}'/></interface>"
    virsh("define", host.write("half", devices=good + card("nosuchbridge")))
    said = virsh.fails("start", "half")
    assert re.search(r"Cannot get interface MTU on 'nosuchbridge': No such device", said)
    assert (ports(virsh, network), links()) == ([], before)
    virsh("define", host.write("broken", os="<kernel>/nonexistent</kernel>", devices=good))
    assert "nonexistent" in virsh.fails("start", "broken")
    assert (ports(virsh, network), links()) == ([], before)


def test_an_inactive_network_is_told(host: Any, network: str) -> None:
    host.virsh("net-destroy", network)
    device = f"<interface type='network'><source network='{network}'/></interface>"
    said = host.virsh.fails("create", host.write("early", devices=device))
    assert f"network '{network}' is not active" in said


def test_what_a_start_left_that_a_crash_cut_off_is_undone(host: Any, bridge: str, network: str) -> None:
    virsh = host.virsh
    virsh("create", host.write("cut", devices=f"<interface type='network'><source network='{network}'/></interface>"))
    [port], process = ports(virsh, network), host.pid("cut")
    host.daemon.process.kill()
    host.daemon.process.wait()
    # As it is between the start of the process and the writing of its status.
    (host.root / "run" / "qemu" / "cut.json").unlink()
    [folder] = (host.root / "lib" / "qemu").glob("domain-*-cut")
    (folder / "journal").write_text(f'{{"kind": "port", "network": "{network}", "uuid": "{port.replace("-", "")}"}}\n')
    host.crash()
    eventually(lambda: not os.path.exists(f"/proc/{process}"), "the process to be ended")
    assert (ports(virsh, network), virsh("list", "--all", "--name")) == ([], "")
    assert not folder.exists()


@pytest.fixture
def lower() -> Iterator[str]:
    """A link that leads nowhere, for others to be made on."""
    ip, name = needs("ip", "iproute2"), unique("qd")
    subprocess.run([ip, "link", "add", name, "type", "veth", "peer", f"{name}p"], check=True, timeout=10)
    probe = [ip, "link", "add", "link", name, "name", f"{name}m", "type", "macvtap"]
    refused = subprocess.run(probe, capture_output=True, timeout=10).returncode != 0
    subprocess.run([ip, "link", "del", f"{name}m"], capture_output=True, timeout=10)
    if not refused:
        yield name
    subprocess.run([ip, "link", "del", name], check=True, timeout=10)
    if refused:
        pytest.skip("this kernel makes no macvtaps")


def test_a_macvtap_lasts_as_long_as_its_run(host: Any, lower: str) -> None:
    virsh, before = host.virsh, links()
    device = f"<interface type='direct'><mac address='{MAC}'/><source dev='{lower}' mode='bridge'/></interface>"
    virsh("define", host.write("direct", devices=device))
    virsh("start", "direct")
    [name] = links() - before
    assert f"<target dev='{name}'/>" in virsh("dumpxml", "direct")
    assert (read(name, "address"), read(name, "operstate")) != ("", "")
    host.crash()
    os.kill(host.pid("direct"), signal.SIGKILL)
    eventually(lambda: links() == before, "the macvtap to be deleted")


def test_an_interface_comes_and_moves_to_a_network_while_the_guest_runs(host: Any, bridge: str, network: str) -> None:
    virsh = host.virsh
    virsh("create", host.write("mobile", devices="<controller type='usb' model='qemu-xhci'/>"))
    path = host.root / "card.xml"
    path.write_text(card(bridge, "<model type='usb-net'/>"))
    virsh("attach-device", "mobile", str(path))
    [tap] = on(bridge)
    host.crash()
    assert on(bridge) == {tap}
    port_of_bridge = Path(f"/sys/class/net/{tap}/brport/isolated")
    for isolated in ("yes", "no"):
        path.write_text(card(bridge, f"<model type='usb-net'/><port isolated='{isolated}'/>"))
        virsh("update-device", "mobile", str(path))
        assert port_of_bridge.read_text().strip() == ("1" if isolated == "yes" else "0")
        assert f"<port isolated='{isolated}'/>" in virsh("dumpxml", "mobile")
    path.write_text(card(bridge, "<model type='usb-net'/><vlan><tag id='42'/></vlan>"))
    assert f"vlan configuration on port {tap}" in virsh.fails("update-device", "mobile", str(path))
    path.write_text(card(network, "<model type='usb-net'/>").replace("bridge", "network"))
    virsh("update-device", "mobile", str(path))
    [port] = ports(virsh, network)
    assert on(bridge) == {tap}
    assert f"network='{network}' portid='{port}'" in virsh("dumpxml", "mobile")
    path.write_text(path.read_text().replace(network, "nosuchnetwork"))
    assert "nosuchnetwork" in virsh.fails("update-device", "mobile", str(path))
    assert ports(virsh, network) == [port]
    virsh("detach-interface", "mobile", "bridge", "--mac", MAC)
    assert (ports(virsh, network), on(bridge)) == ([], set())


def test_an_interface_that_cannot_come_leaves_neither_port_nor_tap(host: Any, bridge: str, network: str) -> None:
    virsh, before = host.virsh, links()
    virsh("create", host.write("full"))
    path = host.root / "card.xml"
    path.write_text(
        f"<interface type='network'><source network='{network}'/><model type='virtio'/>"
        "<rom file='/nonexistent'/></interface>"
    )
    assert "failed to find romfile" in virsh.fails("attach-device", "full", str(path))
    assert (ports(virsh, network), links()) == ([], before)
    assert not list((host.root / "lib" / "qemu").glob("domain-*/journal"))


def test_a_saved_guest_gets_a_port_of_its_own_again(host: Any, bridge: str, network: str) -> None:
    virsh, image = host.virsh, host.root / "saved"
    device = f"<interface type='network'><source network='{network}'/></interface>"
    virsh("create", host.write("mover", devices=device))
    [before] = ports(virsh, network)
    virsh("save", "mover", str(image))
    assert ports(virsh, network) == []
    assert f"<source network='{network}'/>" in virsh("save-image-dumpxml", str(image))
    virsh("restore", str(image))
    [after] = ports(virsh, network)
    assert after != before
    assert len(on(bridge)) == 1


REFUSED = "<interface type='{type}'><mac address='" + MAC + "'/>{source}{more}</interface>"
PROFILE = "<virtualport type='openvswitch'/>"


@pytest.mark.parametrize(
    ("kind", "source", "more", "detail"),
    [
        ("bridge", "<source bridge='x'/>", "<vlan><tag id='5'/></vlan>", "vlan tag not supported for this connection"),
        ("user", "", "<vlan><tag id='5'/></vlan>", "vlan tag not supported for this connection"),
        ("ethernet", "", "<vlan><tag id='5'/></vlan>", "vlan tag not supported for this connection"),
        ("direct", "<source dev='lo' mode='bridge'/>", "<vlan><tag id='5'/></vlan>", "vlan tag not supported"),
        ("user", "", "<model type='virtio'/><driver queues='2'/>", "multiqueue is not supported for network"),
        ("user", "", "<backend tap='/dev/net/tun'/>", "custom tap device path is not supported for network"),
        ("bridge", "<source bridge='x'/>", PROFILE + "<filterref filter='f'/>",
         "filterref is not supported for network interfaces with virtualport type openvswitch"),
        ("bridge", "<source bridge='x'/>", "<filterref filter='f'/>", "Cannot get interface MTU on 'x'"),
        ("ethernet", "", "<filterref filter='f'/>", "referenced filter 'f' is missing"),
        ("ethernet", "", "<backend tap='/nonexistent'/>", "Unable to open /nonexistent, is tun module loaded?"),
        ("hostdev", "<source><address type='pci' domain='0' bus='0xfe' slot='2' function='0'/></source>", "", "host"),
        ("ethernet", "", "<target dev='qnone' managed='no'/>", "target managed='no' but specified dev doesn't exist"),
        ("direct", "<source dev='qnone' mode='vepa'/>", "", "Unable to get index for interface qnone"),
        ("direct", "<source dev='qnone' mode='passthrough'/>", "", "Cannot get interface MAC on 'qnone'"),
    ],
)  # fmt: skip
def test_what_an_interface_cannot_have_is_refused_before_its_guest_starts(
    host: Any, kind: str, source: str, more: str, detail: str
) -> None:
    host.virsh("define", host.write("g", devices=REFUSED.format(type=kind, source=source, more=more)))
    assert detail in host.virsh.fails("start", "g")
    assert host.virsh("domstate", "g") == "shut off"


def shaping(link: str) -> str:
    words = [needs("tc", "iproute2"), "class", "show", "dev", link]
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=10).stdout


def test_a_start_limits_what_a_guest_receives(host: Any, bridge: str) -> None:
    more = "<bandwidth><inbound average='1000' peak='2000' burst='512'/></bandwidth>"
    host.virsh("create", host.write("slow", devices=card(bridge, more)))
    [tap] = on(bridge)
    assert "rate 8Mbit ceil 16Mbit" in shaping(tap)
    host.virsh("domiftune", "slow", tap, "--inbound", "500")
    assert "rate 4Mbit" in shaping(tap)


def coalesced(link: str) -> int:
    """How many frames a link hands over at once (`ethtool -c`)."""
    settings = array.array("I", [0x0E, *[0] * 22])
    request = struct.pack("16sP16x", link.encode(), settings.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8946, request)
    return settings[2]


def test_a_tap_hands_frames_over_together(host: Any, bridge: str) -> None:
    host.virsh("create", host.write("g", devices=card(bridge, "<coalesce><rx><frames max='7'/></rx></coalesce>")))
    [tap] = on(bridge)
    assert coalesced(tap) == 7


def test_a_bridge_of_open_vswitch_gets_its_port_by_its_own_tool(host: Any, bridge: str) -> None:
    """The tool is a stand-in that notes what it is told."""
    told = host.root / "told"
    folder = host.lend("swtpm", "ovs-vsctl")
    (folder / "ovs-vsctl").write_text(f'#!/bin/sh\necho "$@" >> {told}\n')
    vlan = "<vlan trunk='yes'><tag id='5' nativeMode='untagged'/><tag id='7'/></vlan>"
    port = "<virtualport type='openvswitch'><parameters profileid='menial'/></virtualport>"
    host.virsh("create", host.write("g", devices=card("ovs0", vlan + port)))
    host.virsh("destroy", "g")
    added, removed = told.read_text().splitlines()
    tap = removed.split()[-1]
    assert added.startswith(f"--timeout=5 -- --may-exist add-port ovs0 {tap} vlan_mode=native-untagged tag=5 trunk=5,7")
    assert f'external-ids:attached-mac="{MAC}"' in added
    assert 'external-ids:port-profile="menial"' in added
    assert removed == f"--timeout=5 -- --if-exists del-port {tap}"


def test_an_end_has_addresses_and_scripts_of_its_own(host: Any, bridge: str) -> None:
    script, told, tap = host.root / "script", host.root / "told", unique("qe")
    script.write_text(f'#!/bin/sh\necho "$@" >> {told}\n')
    script.chmod(0o755)
    source = "<source><ip address='192.0.2.1' prefix='30'/><route address='198.51.100.0' prefix='24' "
    source += "gateway='192.0.2.2'/></source>"
    more = f"{source}<script path='{script}'/><downscript path='{script}'/><target dev='{tap}'/>"
    host.virsh("create", host.write("g", devices=f"<interface type='ethernet'>{more}</interface>"))
    words = [needs("ip", "iproute2"), "addr", "show", "dev", tap]
    assert "192.0.2.1/30" in subprocess.run(words, check=True, capture_output=True, text=True, timeout=10).stdout
    assert told.read_text() == f"{tap}\n"
    host.virsh("destroy", "g")
    assert told.read_text() == f"{tap}\n{tap}\n"


@pytest.fixture
def neighbour(bridge: str) -> Iterator[list[str]]:
    """A name space of the test's own on the bridge, where 192.0.2.1 is; the command that runs another in it."""
    ip, name, link = needs("ip", "iproute2"), unique("qns"), unique("qv")
    for words in (
        f"netns add {name}",
        f"link add {link} type veth peer name eth0 netns {name}",
        f"link set {link} master {bridge} up",
        f"-n {name} addr add 192.0.2.1/24 dev eth0",
        f"-n {name} link set eth0 up",
    ):
        subprocess.run([ip, *words.split()], check=True, timeout=10)
    yield [ip, "netns", "exec", name]
    subprocess.run([ip, "netns", "del", name], check=True, timeout=10)


def test_frames_of_a_guest_pass_on_bridges_and_networks(
    host: Any, bridge: str, network: str, neighbour: list[str]
) -> None:
    modules = ("../net/core/failover", "net/net_failover", "net/virtio_net")
    system = f"<kernel>{kernel()}</kernel><initrd>{initrd(host.root / 'initrd', modules=modules)}</initrd>"
    second = card(bridge, "<model type='virtio'/><driver queues='2'/>").replace("01'/>", "02'/>")
    first = f"<interface type='network'><source network='{network}'/><model type='virtio'/></interface>"
    starting = f"{system}<cmdline>console=ttyS0 quiet</cmdline>"
    host.virsh("define", host.write("linux", memory=128, os=starting, devices=first + second))
    host.virsh("start", "linux", "--paused")
    with console(host.virsh.uri, "linux") as end:
        host.virsh("resume", "linux")
        end.wait(READY, BOOT_WITHIN)
        for card_of_guest, address in (("eth0", "192.0.2.2"), ("eth1", "192.0.2.3")):
            end.ask(f"ip link set {card_of_guest} up; ip addr add {address}/24 dev {card_of_guest}")
            answer = end.ask(f"ping -c 3 -W 20 -I {card_of_guest} 192.0.2.1 > /dev/null && echo passed")
            assert answer.endswith("passed")
            end.ask(f"ip addr del {address}/24 dev {card_of_guest}")
