"""What agents tell becomes what clients are told; a field that is missing is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from emulated import guest

from virtloom.errors import VirtError
from virtloom_qemu.agent.answers import file_systems, interfaces
from virtloom_qemu.agent.disks import disk_at
from virtloom_qemu.domains.agent.information import GROUPS, Info
from virtloom_qemu.domains.agent.processors import GuestProcessor, choose, switch

Speaking = Callable[..., Any]
PCI = {"domain": 0, "bus": 0, "slot": 5, "function": 0}
ADDRESS = {"bus": 0, "target": 0, "unit": 0, "pci-controller": PCI, "bus-type": "virtio", "dev": "/dev/vda1"}
ROOT = {"name": "vda1", "mountpoint": "/", "type": "ext4", "used-bytes": 5, "total-bytes": 9, "disk": [ADDRESS]}
BOOT = {"name": "vda2", "mountpoint": "/boot", "type": "vfat", "disk": []}
DISK = """<disk type='file'><source file='/a'/><target dev='vda' bus='virtio'/>
<address type='pci' domain='0' bus='0' slot='5' function='0'/></disk>"""
SATA = "<disk type='file'><source file='/b'/><target dev='sda' bus='scsi'/></disk>"


def test_file_systems_come_in_the_order_of_their_mounting_with_their_disks(speaking: Speaking) -> None:
    _, agent = speaking({"guest-get-fsinfo": [BOOT, ROOT]})
    with agent:
        told = file_systems(agent)
    assert [one.mountpoint for one in told] == ["/", "/boot"]
    assert told[0].used == 5
    assert told[1].total is None
    assert disk_at(guest(DISK), told[0].disks[0]) == "vda"
    assert disk_at(guest(), told[0].disks[0]) is None


def test_a_disk_behind_a_controller_is_found_by_its_place(speaking: Speaking) -> None:
    definition = guest(SATA)
    controller = next(one.node("controller") for one in definition.parts.controllers if one.type == "scsi")
    place = controller.find("address")
    assert place is not None
    pci = {name: int(place.attrs[name], 0) for name in ("domain", "bus", "slot", "function")}
    _, agent = speaking({"guest-get-fsinfo": [{**ROOT, "disk": [{**ADDRESS, "pci-controller": pci}]}]})
    with agent:
        assert disk_at(definition, file_systems(agent)[0].disks[0]) == "sda"


def test_an_interface_and_its_aliases_are_one(speaking: Speaking) -> None:
    one = {"ip-address-type": "ipv4", "ip-address": "10.0.0.2", "prefix": 24}
    two = {"ip-address-type": "ipv6", "ip-address": "fe80::1", "prefix": 64}
    eth = {"name": "eth0", "hardware-address": "52:54:00:00:00:01", "ip-addresses": [one]}
    _, agent = speaking({"guest-network-get-interfaces": [eth, {"name": "eth0:1", "ip-addresses": [two]}]})
    with agent:
        (found,) = interfaces(agent)
    assert found.addresses == ((0, "10.0.0.2", 24), (1, "fe80::1", 64))


@pytest.mark.parametrize(
    ("command", "told", "group"),
    [
        ("guest-get-fsinfo", [{**ROOT, "mountpoint": 7}], Info.FILESYSTEM),
        ("guest-get-fsinfo", {}, Info.FILESYSTEM),
        ("guest-get-users", [{"user": "root"}], Info.USERS),
        ("guest-get-users", [3], Info.USERS),
        ("guest-get-timezone", {"zone": "UTC"}, Info.TIMEZONE),
        ("guest-get-osinfo", [], Info.OS),
        ("guest-get-disks", [{"name": "sda"}], Info.DISKS),
        ("guest-network-get-interfaces", [{"ip-addresses": []}], Info.INTERFACES),
        ("guest-get-host-name", None, Info.HOSTNAME),
    ],
)
def test_an_answer_that_cannot_be_is_refused(speaking: Speaking, command: str, told: Any, group: int) -> None:
    _, agent = speaking({command: told})
    with agent, pytest.raises(VirtError):
        list(GROUPS[group](agent, guest()))


def test_information_is_given_as_parameters(speaking: Speaking) -> None:
    user = {"user": "ada", "login-time": 12.5}
    _, agent = speaking({"guest-get-users": [user], "guest-get-osinfo": {"id": "debian", "version-id": "12"}})
    with agent:
        rows = [*GROUPS[Info.USERS](agent, guest()), *GROUPS[Info.OS](agent, guest())]
    assert {row.name: row.value for row in rows} == {
        "user.count": 1, "user.0.name": "ada", "user.0.login-time": 12500, "os.id": "debian", "os.version-id": "12",
    }  # fmt: skip


def some(*states: str) -> list[GuestProcessor]:
    """Processors: `on`, `off`, or `fixed`, which cannot be switched off."""
    return [GuestProcessor(number, state != "off", state != "fixed") for number, state in enumerate(states)]


@pytest.mark.parametrize(
    ("told", "count", "wanted"),
    [
        (some("fixed", "on", "on"), 1, [(1, False), (2, False)]),
        (some("on", "on"), 1, [(1, False)]),
        (some("fixed", "off", "off"), 2, [(1, True)]),
        (some("fixed", "on"), 2, []),
    ],
)
def test_processors_are_chosen(told: list[GuestProcessor], count: int, wanted: list[tuple[int, bool]]) -> None:
    assert choose(told, count) == wanted


def test_what_cannot_be_chosen_is_refused() -> None:
    with pytest.raises(VirtError, match="Cannot offline enough CPUs"):
        choose(some("fixed", "fixed"), 1)
    with pytest.raises(VirtError, match="less cpu than requested"):
        choose(some("fixed"), 2)


def test_an_agent_may_switch_processors_one_by_one(speaking: Speaking) -> None:
    seen: list[Any] = []

    def one(arguments: Any) -> int:
        seen.append([entry["logical-id"] for entry in arguments["vcpus"]])
        return 1

    _, agent = speaking({"guest-set-vcpus": one})
    with agent:
        switch(agent, [(1, False), (2, False)])
    assert seen == [[1, 2], [2]]
