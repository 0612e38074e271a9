"""A document means the device that says the same of what tells one from another."""

from __future__ import annotations

import pytest
from emulated import guest

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef import document
from virtloom_qemu.hotplug.finding import find, find_by_alias, refuse_second
from virtloom_qemu.hotplug.kinds import KINDS

DISK = "<disk type='file'><source file='/a'/><target dev='vda' bus='virtio'/></disk>"
CARD = "<interface type='user'><mac address='52:54:00:00:00:{}'/>{}</interface>"
RNG = "<rng model='virtio'><backend model='random'>/dev/urandom</backend>{}</rng>"
PLACE = "<address type='pci' domain='0' bus='0' slot='{}' function='0'/>"


def test_a_disk_is_known_by_its_target() -> None:
    node = document.parse("<disk><target dev='vda'/></disk>")
    assert find(guest(DISK), node, KINDS["disk"].gone).path == "/a"


def test_an_interface_is_known_by_its_address_in_any_case_or_by_its_place() -> None:
    owner = guest(CARD.format("aa", PLACE.format(7)) + CARD.format("bb", PLACE.format(8)))
    for document_of in (CARD.format("BB", ""), CARD.format("bb", PLACE.format("0x8"))):
        found = find(owner, document.parse(document_of), KINDS["interface"].gone)
        assert found.mac.address == "52:54:00:00:00:bb"


def test_two_interfaces_with_one_address_are_told_apart_by_their_places() -> None:
    owner = guest(CARD.format("aa", PLACE.format(7)) + CARD.format("aa", PLACE.format(8)))
    with pytest.raises(VirtError, match="multiple devices matching MAC address 52:54:00:00:00:aa found"):
        find(owner, document.parse(CARD.format("aa", "")), KINDS["interface"].gone)
    found = find(owner, document.parse(CARD.format("aa", PLACE.format(8))), KINDS["interface"].gone)
    assert found is owner.parts.interfaces[1]


def test_entropy_from_elsewhere_is_another_device() -> None:
    other = RNG.format("").replace("urandom", "random")
    with pytest.raises(VirtError) as caught:
        find(guest(RNG.format("")), document.parse(other), KINDS["rng"].gone_live)
    assert caught.value.code is ErrorCode.DEVICE_MISSING
    assert "model 'random' RNG device not present" in caught.value.message


def test_a_second_device_of_a_name_is_refused() -> None:
    with pytest.raises(VirtError, match="target vda already exists"):
        refuse_second(guest(DISK), document.parse(DISK))


def test_an_alias_that_nothing_has_is_no_device() -> None:
    with pytest.raises(VirtError, match="no device found with alias nothing"):
        find_by_alias(guest(DISK), "nothing")
