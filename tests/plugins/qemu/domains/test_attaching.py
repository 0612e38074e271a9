"""Devices come, go and change in the definition that is kept; a wrong one changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import virtloom_qemu.plugin
from daemons import needs
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.testkit import hosted

CONFIG, LIVE = 2, 1
GUEST = """<domain type='qemu'><name>g</name><memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices><disk type='file'><source file='/a.img'/><target dev='vda' bus='virtio'/></disk></devices>
</domain>"""
DISK = "<disk type='file'><source file='/b.img'/><target dev='vdb' bus='virtio'/></disk>"
CARD = "<interface type='user'><mac address='52:54:00:00:00:0A'/><model type='virtio'/></interface>"


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Any]:
    needs("qemu-system-x86_64", "qemu-system-x86")
    with hosted(virtloom_qemu.plugin, tmp_path) as running:
        yield running.driver


@pytest.fixture
def guest(driver: Any) -> DomainHandle:
    made: DomainHandle = driver.domain_define_xml_flags(GUEST, 0)
    return made


def shown(driver: Any, guest: DomainHandle) -> str:
    text: str = driver.domain_get_xml_desc(guest, 0)
    return text


def refused(call: Any, *args: Any) -> VirtError:
    with pytest.raises(VirtError) as caught:
        call(*args)
    return caught.value


def test_a_disk_and_a_card_come_with_places_of_their_own_and_go(driver: Any, guest: DomainHandle) -> None:
    before = shown(driver, guest)
    for device in (DISK, CARD):
        driver.domain_attach_device_flags(guest, device, CONFIG)
    after = shown(driver, guest)
    assert "<source file='/b.img'/>" in after
    assert "<mac address='52:54:00:00:00:0a'/>" in after
    slots = [line for line in after.splitlines() if "<address type='pci'" in line]
    assert len(slots) == len(set(slots))
    driver.domain_detach_device_flags(guest, CARD, CONFIG)
    driver.domain_detach_device_flags(guest, "<disk><target dev='vdb'/></disk>", CONFIG)
    assert shown(driver, guest) == before


def test_a_disk_gets_another_source(driver: Any, guest: DomainHandle) -> None:
    changed = "<disk type='file'><source file='/c.img'/><target dev='vda' bus='virtio'/></disk>"
    driver.domain_update_device_flags(guest, changed, CONFIG)
    assert "/c.img" in shown(driver, guest)
    assert "/a.img" not in shown(driver, guest)


@pytest.mark.parametrize(
    ("verb", "device", "code", "told"),
    [
        ("attach", DISK.replace("vdb", "vda"), ErrorCode.OPERATION_INVALID, "target vda already exists"),
        ("detach", DISK, ErrorCode.DEVICE_MISSING, "no target device vdb"),
        ("detach", CARD, ErrorCode.DEVICE_MISSING, "matching MAC address '52:54:00:00:00:0a'"),
        ("attach", "<hub type='usb'/>", ErrorCode.OPERATION_UNSUPPORTED,
         "persistent attach of device 'hub' is not supported"),
        ("attach", "<spaceship/>", ErrorCode.CONFIG_UNSUPPORTED, "unknown device type 'spaceship'"),
        ("attach", "<disk", ErrorCode.XML_DETAIL, "Couldn't find end of Start Tag disk"),
    ],
)  # fmt: skip
def test_a_device_that_cannot_be_is_refused_and_nothing_changes(
    driver: Any, guest: DomainHandle, verb: str, device: str, code: ErrorCode, told: str
) -> None:
    before = shown(driver, guest)
    error = refused(getattr(driver, f"domain_{verb}_device_flags"), guest, device, CONFIG)
    assert error.code is code
    assert told in error.message
    assert shown(driver, guest) == before


def test_a_live_change_needs_a_guest_that_runs(driver: Any, guest: DomainHandle) -> None:
    error = refused(driver.domain_attach_device_flags, guest, DISK, LIVE)
    assert error.code is ErrorCode.OPERATION_INVALID
    assert "domain is not running" in error.message
