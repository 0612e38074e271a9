"""Where devices sit: what the chipset has, what the document says, what is chosen; and never two in one place."""

from __future__ import annotations

from collections import Counter

import pytest
from emulated import document, guest, rules
from hypothesis import given, settings
from hypothesis import strategies as st

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain

DISK = "<disk type='file' device='disk'><source file='/d{n}'/><target dev='vd{letter}' bus='virtio'/>{more}</disk>"


def disk(n: int, more: str = "") -> str:
    """A disk over virtio."""
    return DISK.format(n=n, letter=chr(ord("a") + n), more=more)


def places(domain: Domain) -> list[str]:
    """Every place on the PCI that a device has."""
    found = []
    for device in domain.node().need("devices").children:
        address = device.find("address")
        if address is not None and address.get("type") == "pci" and device.value("target", "type") != "serial":
            found.append(".".join(address.attrs[name] for name in ("bus", "slot", "function")))
    return found


def address(node: Node | None) -> tuple[str | None, str | None]:
    """A device's bus and slot."""
    return (None, None) if node is None else (node.get("bus"), node.get("slot"))


class TestPc:
    def test_has_its_disk_and_usb_controllers_on_the_piix3(self) -> None:
        usb = next(one for one in guest().parts.controllers if one.type == "usb")
        assert (usb.model, address(usb.address)) == ("piix3-uhci", ("0x00", "0x01"))

    def test_has_its_card_in_the_second_slot(self) -> None:
        video = guest("<graphics type='vnc'/>").parts.videos[0]
        assert address(video.address) == ("0x00", "0x02")

    def test_gets_a_bridge_when_its_bus_is_full(self) -> None:
        found = guest("".join(disk(n) for n in range(26)) + "<interface type='user'/>" * 8)
        models = [one.model for one in found.parts.controllers if one.type == "pci"]
        assert models == ["pci-root", "pci-bridge"]


class TestQ35:
    def test_has_a_port_for_each_device_and_one_to_spare(self) -> None:
        found = guest(disk(0), "q35")
        models = [one.model for one in found.parts.controllers if one.type == "pci"]
        assert models == ["pcie-root"] + ["pcie-root-port"] * 4  # USB, disk, balloon, and the spare one

    def test_shares_a_slot_among_ports(self) -> None:
        ports = [one for one in guest(disk(0), "q35").parts.controllers if one.model == "pcie-root-port"]
        assert {address(one.address) for one in ports} == {("0x00", "0x01")}
        assert ports[0].address is not None
        assert ports[0].address.get("multifunction") == "on"

    def test_has_a_bridge_for_devices_of_the_older_kind(self) -> None:
        found = guest("<sound model='ac97'/>", "q35")
        assert "pcie-to-pci-bridge" in [one.model for one in found.parts.controllers]


class TestDocument:
    def test_has_its_say(self) -> None:
        found = guest(disk(0, "<address type='pci' bus='0' slot='9'/>"))
        assert found.parts.disks[0].address is not None
        assert found.parts.disks[0].address.slot == "0x09"

    def test_cannot_put_two_in_one_place(self) -> None:
        same = "<address type='pci' bus='0' slot='9'/>"
        with pytest.raises(VirtError, match=r"Attempted double use of PCI Address 0000:00:09\.0") as caught:
            guest(disk(0, same) + disk(1, same))
        assert caught.value.code == ErrorCode.XML_ERROR

    def test_cannot_name_a_usb_port_that_is_taken(self) -> None:
        tablet = "<input type='tablet' bus='usb'><address type='usb' bus='0' port='1'/></input>"
        with pytest.raises(VirtError, match="Duplicate USB address bus 0 port 1"):
            guest(tablet * 2)


def test_a_hub_is_added_when_ports_are_few() -> None:
    found = guest("<input type='tablet' bus='usb'/>" * 5)
    assert len(found.parts.hubs) == 1
    ports = [one.address.get("port") for one in found.parts.inputs if one.bus == "usb" and one.address]
    assert len(set(ports)) == 5


def test_channels_leave_port_0_to_consoles() -> None:
    found = guest("<channel type='unix'><target type='virtio' name='a'/></channel>" * 2)
    ports = [one.address.get("port") for one in found.parts.channels if one.address]
    assert ports == ["1", "2"]


DEVICES = st.sampled_from(
    [
        "<interface type='user'/>",
        "<interface type='user'><model type='virtio'/></interface>",
        "<sound model='ac97'/>",
        "<sound model='ich9'/>",
        "<controller type='scsi' model='virtio-scsi'/>",
        "<controller type='pci' model='pcie-root-port'/>",
        "<controller type='pci' model='pci-bridge'/>",
        "<input type='tablet' bus='usb'/>",
        "<input type='keyboard' bus='virtio'/>",
        "<channel type='unix'><target type='virtio'/></channel>",
        "<graphics type='vnc'/>",
        "<rng model='virtio'><backend model='random'/></rng>",
        "<hub type='usb'/>",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(DEVICES, max_size=24), st.sampled_from(["pc", "q35"]))
def test_no_two_devices_sit_in_one_place(devices: list[str], machine: str) -> None:
    try:
        found = rules().parse(document("".join(devices), machine))
    except VirtError:
        return  # more than the machine has room for
    assert [place for place, count in Counter(places(found)).items() if count > 1] == []


@settings(max_examples=30, deadline=None)
@given(st.lists(DEVICES, max_size=12), st.sampled_from(["pc", "q35"]))
def test_what_was_placed_stays_where_it_is(devices: list[str], machine: str) -> None:
    try:
        found = rules().parse(document("".join(devices), machine))
    except VirtError:
        return
    assert sorted(places(rules().complete(found))) == sorted(places(found))
