"""A domain's document while the driver fills it in: a copy that may be changed, with what the driver knows of it.

The steps of this package work on elements rather than on definitions: places, aliases and models are the same few
elements in some thirty kinds of device.
"""

from __future__ import annotations

from collections.abc import Iterator

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.capabilities import Emulator, Machine

# The order in which libvirt looks at devices when it gives them places (`virDomainDeviceInfoIterate`).
PLACED = (
    "disk", "interface", "sound", "hostdev", "video", "controller", "smartcard", "serial", "parallel", "channel",
    "console", "input", "filesystem", "watchdog", "memballoon", "rng", "nvram", "hub", "shmem", "tpm", "panic",
    "redirdev", "memory", "iommu", "vsock",
)  # fmt: skip
X86 = ("i686", "x86_64")


class Guest:
    """A domain's document.

    :ivar root: the `<domain>` element; :ivar devices: its `<devices>`.
    :ivar emulator: what the guest's emulator can do.
    """

    def __init__(self, domain: Domain, emulator: Emulator) -> None:
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
    def arch(self) -> str:
        """The guest's architecture."""
        return self.root.value("os/type", "arch") or self.emulator.arch

    @property
    def machine_name(self) -> str:
        """The guest's type of machine."""
        return self.root.value("os/type", "machine") or ""

    @property
    def machine(self) -> Machine | None:
        """What the emulator says of that machine."""
        return self.emulator.machine(self.machine_name)

    @property
    def is_x86(self) -> bool:
        """Whether it is a PC of some kind."""
        return self.arch in X86

    @property
    def is_q35(self) -> bool:
        """Whether its chipset is the one with PCI Express (`qemuDomainIsQ35`)."""
        return self.is_x86 and self._is("q35", "pc-q35")

    @property
    def is_i440fx(self) -> bool:
        """Whether its chipset is the older one (`qemuDomainIsI440FX`)."""
        name = self.machine_name
        return self.is_x86 and (name == "pc" or name.startswith(("pc-0", "pc-1", "pc-i440", "rhel")))

    def _is(self, name: str, prefix: str) -> bool:
        return self.machine_name == name or self.machine_name.startswith(f"{prefix}-") or self.machine_name == prefix

    @property
    def has_pcie(self) -> bool:
        """Whether its root bus is PCI Express."""
        return any(one.get("model") == "pcie-root" for one in self.controllers("pci"))

    def all(self, tag: str) -> list[Node]:
        """The devices of a kind, in order."""
        return list(self.devices.all(tag))

    def controllers(self, kind: str, index: int | None = None) -> list[Node]:
        """The controllers of a kind, or those of one number."""
        found = (one for one in self.devices.all("controller") if one.get("type") == kind)
        return [one for one in found if index is None or number(one, "index") == index]

    def placed(self) -> Iterator[Node]:
        """Every device that can have a place, in libvirt's order; a console that is a serial port is that port."""
        for tag in PLACED:
            for device in self.devices.all(tag):
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
    return int(text, 16) if text.lower().startswith("0x") else int(text)


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
    return place_type(device) == "pci" and not wants_pci(device)
