"""What a definition's `<hostdev>` means on this host: the device's name, how it is taken, what a program opens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from virtloom.driver.hostdevs.host import Host
from virtloom.driver.hostdevs.others import mediated_folder, mediated_node, scsi_node
from virtloom.driver.hostdevs.pci import PciDevice
from virtloom.driver.hostdevs.usb import UsbDevice, Wish
from virtloom.errors import VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.devices import Hostdev


class Given(NamedTuple):
    """A device that a guest has.

    :ivar bus: `pci`, `usb`, `scsi` or `mdev`; :ivar name: its name there.
    :ivar managed: whether it is taken from its driver for the guest, and given back.
    :ivar shareable: whether other guests may have it too, that share it as well.
    """

    bus: str
    name: str
    managed: bool = False
    shareable: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others."""
        return self.bus, self.name


def given(device: Hostdev, host: Host) -> Given | None:
    """What a device means; None for what nobody needs to take, such as a device on the network.

    :param device: one whose place is known, if it is on the USB.
    """
    source = device.source or Node("source")
    if device.mode != "subsystem":
        return None
    if device.type == "pci":
        return Given("pci", pci_name(source), managed=bool(device.managed))
    if device.type == "usb":
        wish = usb_wish(source)
        return Given("usb", UsbDevice(wish.bus, wish.device).name) if wish.bus or wish.device else None
    if device.type == "scsi" and source.get("protocol") != "iscsi":
        return Given("scsi", scsi_name(source), shareable=device.shareable)
    if device.type == "mdev":
        return Given("mdev", str(mediated_folder(source.value("address", "uuid") or "", host)))
    return None


def number(node: Node | None, name: str) -> int:
    """A number of an address; 0 for what is not said."""
    return int((node.get(name) if node is not None else None) or "0", 0)


def pci_name(source: Node) -> str:
    """The name of a device on the PCI."""
    place = source.find("address")
    return "{:04x}:{:02x}:{:02x}.{:x}".format(*(number(place, one) for one in ("domain", "bus", "slot", "function")))


def usb_wish(source: Node) -> Wish:
    """What is said of a device on the USB."""
    vendor, product, place = (source.find(name) for name in ("vendor", "product", "address"))
    guessed = source.get("autoAddress") == "yes"
    return Wish(number(vendor, "id"), number(product, "id"), number(place, "bus"), number(place, "device"), guessed)


def scsi_name(source: Node) -> str:
    """The name of a SCSI device."""
    adapter = (source.value("adapter", "name") or "").removeprefix("scsi_host")
    return ":".join([adapter, *(str(number(source.find("address"), one)) for one in ("bus", "target", "unit"))])


def nodes(devices: Iterable[Hostdev], host: Host) -> Iterator[Path]:
    """What a guest's process opens to have its devices, as far as they are there."""
    for device in devices:
        found = given(device, host)
        node = None if found is None else _node(found, device, host)
        if node is not None:
            yield node


def _node(found: Given, device: Hostdev, host: Host) -> Path | None:
    if found.bus == "pci":
        return PciDevice(found.name, host).node
    if found.bus == "usb":
        return host.dev.joinpath("bus", "usb", *found.name.split(":"))
    if found.bus == "scsi":
        try:
            return scsi_node(found.name, host)
        except VirtError:
            return None
    return mediated_node((device.source or Node("source")).value("address", "uuid") or "", host)
