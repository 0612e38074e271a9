"""A place on the PCI as it stands in a document."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.definition.addresses.slots import PciAddress
from virtloom_qemu.definition.guest import number


def place_of(device: Node) -> PciAddress:
    """Where a device sits."""
    address = device.find("address")
    return PciAddress(
        number(address, "bus"), number(address, "slot"), number(address, "function"), number(address, "domain")
    )


def put_place(device: Node, place: PciAddress, multifunction: bool = False) -> None:
    """Write where a device sits; what else its address says stays."""
    address = device.need("address")
    kept = {name: value for name, value in address.attrs.items() if name in ("multifunction",)}
    address.attrs = {
        "type": "pci",
        "domain": "0x0000",
        "bus": f"0x{place.bus:02x}",
        "slot": f"0x{place.slot:02x}",
        "function": f"0x{place.function:x}",
        **kept,
    }
    if multifunction:
        address.attrs.setdefault("multifunction", "on")
