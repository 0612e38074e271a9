"""The place of a PCI device, as networks name one (`virPCIDeviceAddressParseXML`)."""

from __future__ import annotations

from virtloom.errors import ErrorDomain
from virtloom.xmldef.definition import Definition, attr
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.refusal import bad
from virtloom.xmldef.values import Number, hexadecimal

# Each part's name, its highest value, and how libvirt's message shows one that is past it.
PARTS = (
    ("bus", 0xFF, "bus='0x{0:x}', must be <= 0xFF"),
    ("slot", 0x1F, "slot='0x{0:x}', must be <= 0x1F"),
    ("function", 7, "function=0x{0:x}, must be <= 7"),
)


class PciAddress(Definition, tag="address"):
    """A function of a device.

    :ivar type: pci where the element stands among addresses of other kinds; None where it is the only kind.
    """

    type: str | None = attr()
    domain: int = attr(hexadecimal(4), default=0)
    bus: int = attr(hexadecimal(2), default=0)
    slot: int = attr(hexadecimal(2), default=0)
    function: int = attr(Number(0, form="0x%d"), default=0)

    def __str__(self) -> str:
        return f"{self.domain:04x}:{self.bus:02x}:{self.slot:02x}.{self.function:x}"


def read_pci(node: Node, *, with_type: bool = True) -> PciAddress:
    """The address that an element is.

    :param with_type: whether its type is written.
    :raises VirtError: XML_ERROR, in libvirt's words.
    """
    made = PciAddress.read(node).replace(type="pci" if with_type else None)
    if made.domain or made.bus or made.slot:
        for name, high, told in PARTS:
            if (value := getattr(made, name)) > high:
                raise bad(f"Invalid PCI address {told.format(value)}", ErrorDomain.NONE)
    return made
