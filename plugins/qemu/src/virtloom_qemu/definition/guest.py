"""A domain's document while the driver fills it in: a copy that may be changed, with what the driver knows of it.

The steps of this package work on elements rather than on definitions: places, aliases and models are the same few
elements in some thirty kinds of device.
"""

from __future__ import annotations

from collections.abc import Iterator

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.capabilities import Emulator, Machine
from virtloom_qemu.definition.board import Board

# The order in which libvirt looks at devices when it gives them places (`virDomainDeviceInfoIterate`).
PLACED = (
    "disk", "interface", "sound", "hostdev", "video", "controller", "smartcard", "serial", "parallel", "channel",
    "console", "input", "filesystem", "watchdog", "memballoon", "rng", "nvram", "hub", "shmem", "tpm", "panic",
    "redirdev", "memory", "iommu", "vsock",
)  # fmt: skip


class Guest(Board):
    """A domain's document.

    :ivar root: the `<domain>` element; :ivar devices: its `<devices>`.
    :ivar emulator: what the guest's emulator can do.
    """

    def __init__(self, domain: Domain, emulator: Emulator) -> None:
        super().__init__(domain, emulator)
        self.root = domain.node().copy()
        self.devices = self.root.need("devices")
        self.emulator = emulator
        self.boot_indexes: dict[str, int] = {}  # by alias, the turns that follow from the order of kinds

    def domain(self) -> Domain:
        """The domain that the document is now."""
        return Domain.read(self.root)

    @property
    def type(self) -> str:
        """`qemu` or `kvm`."""
        return self.root.attrs["type"]

    @property
    def machine(self) -> Machine | None:
        """What the emulator says of that machine."""
        return self.emulator.machine(self.machine_name)

    @property
    def has_pcie(self) -> bool:
        """Whether its root bus is PCI Express."""
        return any(one.get("model") == "pcie-root" for one in self.controllers("pci"))

    def all(self, tag: str) -> list[Node]:
        """The devices of a kind, in order."""
        return [one for one in self.devices.children if one.tag == tag]

    def by_kind(self) -> dict[str, list[Node]]:
        """All devices by their kind, each kind in order."""
        found: dict[str, list[Node]] = {}
        for device in self.devices.children:
            found.setdefault(device.tag, []).append(device)
        return found

    def controllers(self, kind: str, index: int | None = None) -> list[Node]:
        """The controllers of a kind, or those of one number."""
        found = [one for one in self.devices.children if one.tag == "controller" and one.attrs.get("type") == kind]
        return found if index is None else [one for one in found if number(one, "index") == index]

    def placed(self) -> Iterator[Node]:
        """Every device that can have a place, in libvirt's order; a console that is a serial port is that port."""
        devices = self.by_kind()
        for tag in PLACED:
            for device in devices.get(tag, ()):
                if tag != "console" or device.value("target", "type") != "serial":
                    yield device

    def feature(self, name: str) -> Node | None:
        """One of `<features>`."""
        return self.root.find(f"features/{name}")


def number(node: Node | None, name: str, default: int = 0) -> int:
    """A number of an element's attribute, in decimal or hexadecimal; the default if it is not there."""
    text = None if node is None else node.attrs.get(name)
    if text is None:
        return default
    return int(text, 16) if text[:2] in ("0x", "0X") else int(text)


def place_type(device: Node) -> str | None:
    """The type of a device's address, or None if it has none."""
    return device.value("address", "type")


def wants_pci(device: Node) -> bool:
    """Whether a device's place on the PCI is still to be chosen (`virDeviceInfoPCIAddressIsWanted`)."""
    address = device.find("address")
    if address is None:
        return True
    return address.get("type") == "pci" and not number(address, "slot") and not number(address, "bus")


def has_pci(device: Node) -> bool:
    """Whether a device has a place on the PCI."""
    address = device.find("address")
    if address is None or address.get("type") != "pci":
        return False
    return bool(number(address, "slot") or number(address, "bus"))
