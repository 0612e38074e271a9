"""Devices of the host's are taken for guests, and given back: on a made tree, whose kernel binds what it is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gates import Gate
from virtloom.driver.files.journal import Journal
from virtloom.driver.hostdevs import Host, HostDevices
from virtloom.driver.hostdevs import pci as pci_module
from virtloom.driver.hostdevs.sources import nodes
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Checker, LockManager, Mode
from virtloom.xmldef import document
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Hostdev

NIC, SOUND, BRIDGE = "0000:03:00.0", "0000:03:00.1", "0000:00:1c.0"
MDEV = "c2177883-f1bb-47f0-914d-32a22e3a8804"


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


class Kernel:
    """A tree as the kernel shows it, and what it does when somebody writes there."""

    def __init__(self, root: Path) -> None:
        self.host = Host(root / "sys", root / "dev")
        self.bus = self.host.sysfs / "bus" / "pci"
        self.fails: set[str] = set()
        for driver in ("vfio-pci", "e1000e", "snd"):
            (self.bus / "drivers" / driver).mkdir(parents=True)
        write(self.bus / "drivers_probe")
        write(self.host.dev / "vfio" / "vfio")
        self.likes = {NIC: "e1000e", SOUND: "snd"}
        for name, group in ((NIC, "7"), (SOUND, "7"), (BRIDGE, "1")):
            folder = self.bus / "devices" / name
            write(folder / "driver_override")
            (folder / "config").write_bytes(bytes(14) + bytes([int(name == BRIDGE)]))
            link(folder / "iommu_group", self.host.sysfs / "kernel" / "iommu_groups" / group)
            write(self.host.sysfs / "kernel" / "iommu_groups" / group / "devices" / name)
        for name, driver in self.likes.items():
            link(self.bus / "devices" / name / "driver", self.bus / "drivers" / driver)

    def driver(self, name: str) -> str | None:
        path = self.bus / "devices" / name / "driver"
        return path.readlink().name if path.is_symlink() else None

    def written(self, path: Path, text: str, detail: str) -> None:
        """What the kernel does when something is written."""
        if path.name in self.fails:
            raise VirtError(ErrorCode.SYSTEM_ERROR, detail)
        device = path.parent if path.name == "driver_override" else self.bus / "devices" / text
        if path.name == "driver_override":
            path.write_text(text)
        elif path.name == "unbind":
            (device / "driver").unlink()
        elif path.name == "drivers_probe":
            wanted = (device / "driver_override").read_text().strip() or self.likes.get(text)
            link(device / "driver", self.bus / "drivers" / str(wanted))

    def usb(self, name: str, bus: int, device: int, product: str) -> None:
        folder = self.host.sysfs / "bus" / "usb" / "devices" / name
        for file, text in (("busnum", bus), ("devnum", device), ("idVendor", "1d6b"), ("idProduct", product)):
            write(folder / file, f"{text}\n")

    def scsi(self, name: str, node: str) -> None:
        (self.host.sysfs / "bus" / "scsi" / "devices" / name / "scsi_generic" / node).mkdir(parents=True)
        write(self.host.dev / node)

    def mediated(self, uuid: str, kind: str) -> None:
        folder = self.host.sysfs / "bus" / "mdev" / "devices" / uuid
        write(folder / "mdev_type" / "device_api", f"{kind}\n")
        link(folder / "iommu_group", self.host.sysfs / "kernel" / "iommu_groups" / "9")


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel(tmp_path)
    monkeypatch.setattr(pci_module.PciDevice, "_write", staticmethod(made.written))
    return made


def registry(kernel: Kernel) -> HostDevices:
    return HostDevices("QEMU", LockManager("test", Checker(Mode.ENFORCE)), kernel.host)


@pytest.fixture
def devices(kernel: Kernel) -> HostDevices:
    return registry(kernel)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "journal")
    made.begin()
    return made


def hostdev(kind: str, source: str, more: str = "", inside: str = "") -> Hostdev:
    text = f"<hostdev mode='subsystem' type='{kind}' {more}><source>{source}</source>{inside}</hostdev>"
    return Hostdev.read(document.parse(text, "device"))


def pci(name: str, managed: str = "yes") -> Hostdev:
    domain, bus, rest = name.split(":")
    slot, function = rest.split(".")
    address = f"<address domain='0x{domain}' bus='0x{bus}' slot='0x{slot}' function='0x{function}'/>"
    return hostdev("pci", address, f"managed='{managed}'")


def usb(what: str, **more: str) -> Hostdev:
    made = hostdev("usb", what)
    assert made.source is not None
    made.source.attrs |= more
    return made


def guest(name: str, *devices: Hostdev) -> Domain:
    text = f"<domain type='qemu'><name>{name}</name><memory>1</memory><os><type>hvm</type></os></domain>"
    return Domain.read(document.parse(text, "domain")).with_devices(hostdevs=devices)


def test_a_managed_device_has_the_programs_driver_while_a_guest_has_it_and_its_own_afterwards(
    kernel: Kernel, devices: HostDevices, journal: Journal
) -> None:
    with devices.taken("a", (pci(NIC),), journal) as taken:
        assert kernel.driver(NIC) == "vfio-pci"
    assert [str(node) for node in nodes(taken, kernel.host)] == [str(kernel.host.dev / "vfio" / "7")]
    devices.give_back("a", taken)
    assert kernel.driver(NIC) == "e1000e"
    with devices.taken("b", (pci(NIC),), journal):
        assert kernel.driver(NIC) == "vfio-pci"


def test_a_start_that_fails_gives_back_what_it_took(kernel: Kernel, devices: HostDevices, journal: Journal) -> None:
    with pytest.raises(RuntimeError), devices.taken("a", (pci(NIC), pci(SOUND)), journal):
        raise RuntimeError
    assert (kernel.driver(NIC), kernel.driver(SOUND)) == ("e1000e", "snd")
    kernel.fails.add("unbind")
    with (
        pytest.raises(VirtError, match=f"Failed to unbind PCI device '{NIC}' from e1000e"),
        devices.taken("a", (pci(NIC),), journal),
    ):
        pass
    kernel.fails.clear()
    with devices.taken("b", (pci(NIC),), journal):
        pass


def test_a_device_that_was_no_drivers_is_left_as_it_was(kernel: Kernel, devices: HostDevices, journal: Journal) -> None:
    link(kernel.bus / "devices" / NIC / "driver", kernel.bus / "drivers" / "vfio-pci")
    with devices.taken("a", (pci(NIC),), journal) as taken:
        pass
    devices.give_back("a", taken)
    assert kernel.driver(NIC) == "vfio-pci"


def test_two_guests_do_not_have_one_device_nor_two_that_the_iommu_keeps_together(
    devices: HostDevices, journal: Journal
) -> None:
    with devices.taken("a", (pci(NIC),), journal):
        pass
    for wanted in (NIC, SOUND):
        with (
            pytest.raises(VirtError, match=f"PCI device {NIC} is in use by driver QEMU, domain a"),
            devices.taken("b", (pci(wanted),), journal),
        ):
            pass
    with devices.taken("a", (pci(SOUND),), journal):
        pass


def test_two_guests_who_take_parts_of_one_group_at_once_do_not_both_get_theirs(
    devices: HostDevices, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, devices, "_reserve")  # what the first one looked at before is seen, nothing is its own yet

    def take(name: str, device: str) -> bool:
        try:
            with devices.taken(name, (pci(device),), journal):
                return True
        except VirtError:
            return False

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(take, "a", NIC)
        assert gate.reached.wait(20)
        second = take("b", SOUND)
        gate.open.set()
        assert [first.result(20), second].count(True) == 1


def test_an_unmanaged_device_is_taken_by_hand_first(kernel: Kernel, devices: HostDevices, journal: Journal) -> None:
    by_hand = pci(NIC, managed="no")
    detail = f"Unmanaged PCI device {NIC} must be manually detached from the host"
    with pytest.raises(VirtError, match=detail), devices.taken("a", (by_hand,), journal):
        pass
    devices.detach(NIC)
    with devices.taken("a", (by_hand,), journal):
        pass
    for deal in (devices.detach, devices.reattach):
        with pytest.raises(VirtError, match=f"PCI device {NIC} is in use by driver QEMU, domain a"):
            deal(NIC)
    with pytest.raises(VirtError, match=f"Not resetting active device {NIC}"):
        devices.reset(NIC)
    devices.give_back("a", (by_hand,))
    assert kernel.driver(NIC) == "vfio-pci"
    devices.reattach(NIC)
    assert kernel.driver(NIC) == "e1000e"


def test_what_cannot_be_given_is_refused(kernel: Kernel, devices: HostDevices, journal: Journal) -> None:
    refusals = (
        (BRIDGE, "Non-endpoint PCI devices cannot be assigned to guests"),
        ("0000:09:00.0", "Device 0000:09:00.0 not found: could not access"),
    )
    for name, detail in refusals:
        with pytest.raises(VirtError, match=detail), devices.taken("a", (pci(name),), journal):
            pass
    shutil.rmtree(kernel.bus / "drivers" / "vfio-pci")
    with (
        pytest.raises(VirtError, match="Failed to load PCI stub module vfio-pci"),
        devices.taken("a", (pci(NIC),), journal),
    ):
        pass


def test_the_next_daemon_knows_what_guests_have_and_gives_it_back(
    kernel: Kernel, devices: HostDevices, journal: Journal
) -> None:
    with devices.taken("a", (pci(NIC),), journal) as taken:
        pass
    later = registry(kernel)
    later.hold(guest("a", *taken))
    journal.undo_each({"hostdev": later.undo})
    assert kernel.driver(NIC) == "vfio-pci"
    with pytest.raises(VirtError, match="domain a"), later.taken("b", (pci(NIC),), journal):
        pass
    later.give_back("a", taken)
    assert kernel.driver(NIC) == "e1000e"


def test_what_a_start_took_that_a_crash_cut_off_is_given_back(
    kernel: Kernel, devices: HostDevices, journal: Journal
) -> None:
    with devices.taken("a", (pci(NIC),), journal):
        pass
    journal.undo_each({"hostdev": registry(kernel).undo})
    assert kernel.driver(NIC) == "e1000e"


def test_a_device_on_the_usb_is_found_by_what_it_is_or_where(
    kernel: Kernel, devices: HostDevices, journal: Journal
) -> None:
    kernel.usb("1-1", 1, 4, "0104")
    kernel.usb("1-2", 1, 5, "0105")
    kernel.usb("2-1", 2, 3, "0105")
    by_product = usb("<vendor id='0x1d6b'/><product id='0x0104'/>")
    with devices.taken("a", (by_product,), journal) as taken:
        assert taken[0].source is not None
        assert taken[0].source.need("address").attrs == {"bus": "1", "device": "4"}
    assert [str(node) for node in nodes(taken, kernel.host)] == [f"{kernel.host.dev}/bus/usb/001/004"]
    refusals: tuple[tuple[Hostdev, str], ...] = (
        (by_product, "USB device 001:004 is in use by driver QEMU, domain a"),
        (usb("<address bus='1' device='4'/>"), "USB device 001:004 is in use by driver QEMU, domain a"),
        (usb("<vendor id='0x1d6b'/><product id='0x0105'/>"), "Multiple USB devices for 1d6b:105, use <address>"),
        (usb("<vendor id='0x1d6b'/><product id='0x0109'/>"), "Did not find USB device 1d6b:0109"),
        (usb("<address bus='1' device='9'/>"), "Did not find USB device bus:1 device:9"),
        (usb(""), "Missing <source> element in hostdev device"),
        (
            usb("<vendor id='0x1d6b'/><product id='0x0104'/><address bus='2' device='3'/>"),
            "Did not find USB device 1d6b:0104 bus:2 device:3",
        ),
    )
    for wanted, detail in refusals:
        with pytest.raises(VirtError, match=detail), devices.taken("b", (wanted,), journal):
            pass


def test_a_device_on_the_usb_that_may_be_missing_is_left_out(devices: HostDevices, journal: Journal) -> None:
    wanted = usb("<vendor id='0x1d6b'/><product id='0x0109'/>", startupPolicy="optional")
    with devices.taken("a", (wanted,), journal) as taken:
        assert taken[0].source is not None
        assert taken[0].source.get("missing") == "yes"


def test_scsi_devices_are_shared_by_guests_that_all_say_so(
    kernel: Kernel, devices: HostDevices, journal: Journal
) -> None:
    kernel.scsi("2:0:0:1", "sg3")
    source = "<adapter name='scsi_host2'/><address bus='0' target='0' unit='1'/>"
    shared, alone = (hostdev("scsi", source, inside=inside) for inside in ("<shareable/>", ""))
    with devices.taken("a", (shared,), journal), devices.taken("b", (shared,), journal):
        pass
    assert [node.name for node in nodes((shared,), kernel.host)] == ["sg3"]
    with (
        pytest.raises(VirtError, match=r"SCSI device 2:0:0:1 is already in use by other domain\(s\) as 'shareable'"),
        devices.taken("c", (alone,), journal),
    ):
        pass
    devices.give_back("a", (shared,))
    devices.give_back("b", (shared,))
    with devices.taken("c", (alone,), journal):
        pass
    absent = hostdev("scsi", source.replace("unit='1'", "unit='2'"))
    with pytest.raises(VirtError, match="cannot open directory"), devices.taken("d", (absent,), journal):
        pass


def test_a_mediated_device_is_of_the_kind_that_is_said(kernel: Kernel, devices: HostDevices, journal: Journal) -> None:
    kernel.mediated(MDEV, "vfio-pci")
    source = f"<address uuid='{MDEV}'/>"
    wanted = hostdev("mdev", source, "model='vfio-pci'")
    with devices.taken("a", (wanted,), journal):
        pass
    assert [str(node) for node in nodes((wanted,), kernel.host)] == [str(kernel.host.dev / "vfio" / "9")]
    refusals: tuple[tuple[Any, str], ...] = (
        (wanted, f"mediated device .*{MDEV} is in use by driver QEMU, domain a"),
        (hostdev("mdev", source, "model='vfio-ccw'"), "invalid device API 'vfio-ccw' for device"),
        (hostdev("mdev", source.replace("c217", "c218"), "model='vfio-pci'"), "mediated device 'c218.*' not found"),
    )
    for one, detail in refusals:
        with pytest.raises(VirtError, match=detail), devices.taken("b", (one,), journal):
            pass


def test_what_the_host_can_give(kernel: Kernel) -> None:
    assert kernel.host.gives_pci
    (kernel.host.dev / "vfio" / "vfio").unlink()
    assert not kernel.host.gives_pci
