"""Addresses of devices: each type's attributes with all their digits (`virDomainDeviceInfoParseXML`)."""

from __future__ import annotations

import re
from functools import lru_cache

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node

# Attributes of an address: the digits they are written with, and the highest value (`virPCIDeviceAddressIsValid`).
PCI = {"domain": (4, (1 << 32) - 1), "bus": (2, 0xFF), "slot": (2, 0x1F), "function": (1, 7)}
CCW = {"cssid": (1, 0xFE), "ssid": (1, 3), "devno": (4, 0xFFFF)}
ZPCI = {"uid": (4, 0xFFFF), "fid": (8, (1 << 32) - 1)}
ISA = {"iobase": (1, (1 << 32) - 1), "irq": (1, (1 << 32) - 1)}
# Attributes that are written even if they were not given.
DECIMAL = {
    "drive": ("controller", "bus", "target", "unit"),
    "virtio-serial": ("controller", "bus", "port"),
    "ccid": ("controller", "slot"),
}
# What an address of each type says; the rest is not read.
KNOWN = {
    "pci": (*PCI, "multifunction"), "ccw": tuple(CCW), "isa": tuple(ISA), "spapr-vio": ("reg",), "virtio-mmio": (),
    "usb": ("bus", "port"), "dimm": ("slot", "base"), **DECIMAL,
}  # fmt: skip
USB_PORT_DEPTH = 4
SHORT = 12  # characters of a number whose form is remembered


def clean_addresses(device: Node) -> None:
    """Bring a device's addresses, its own and that of what it stands for on the host, into libvirt's form.

    :raises VirtError: XML_ERROR for a value that is out of range or no number.
    """
    for child in device.children:
        if child.tag == "address":
            known = KNOWN.get(child.get("type") or "")
            if known is not None:
                child.attrs = {name: text for name, text in child.attrs.items() if name == "type" or name in known}
            _address(child, child.get("type"))
        elif child.tag == "source" and device.tag in ("hostdev", "interface"):
            for place in child.all("address"):
                _address(place, place.get("type") or device.get("type"))


def _address(node: Node, kind: str | None) -> None:
    if kind in ("pci", "hostdev"):
        _pci(node)
    elif kind == "ccw" and node.get("cssid") is not None:
        _fill(node, CCW)
    elif kind == "isa":
        _fill(node, {name: ISA[name] for name in ISA if name in node.attrs})
    elif kind == "spapr-vio" and node.get("reg") is not None:
        node.attrs["reg"] = f"0x{_number(node, 'reg', 16):08x}"
    elif kind == "usb" and node.get("type") == "usb":
        _usb(node)
    elif kind in DECIMAL and node.get("type") == kind:
        for name in DECIMAL[kind]:
            node.attrs.setdefault(name, "0")


def _usb(node: Node) -> None:
    port = node.get("port")
    if port is not None and not re.fullmatch(rf"\d{{1,9}}(\.\d{{1,9}}){{0,{USB_PORT_DEPTH - 1}}}", port, re.ASCII):
        detail = "Cannot parse <address> 'port' attribute"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.DEVICE)
    node.attrs.setdefault("bus", "0")


def _pci(node: Node) -> None:
    given = {name: node.attrs[name] for name in PCI if name in node.attrs}
    if given:
        short = max(map(len, given.values())) <= SHORT
        node.attrs.update((_pci_form if short else _pci_form.__wrapped__)(*given.items()))
    for zpci in node.all("zpci"):
        _fill(zpci, ZPCI)


@lru_cache(1 << 10)
def _pci_form(*given: tuple[str, str]) -> dict[str, str]:
    """All attributes of a place, as libvirt writes them; remembered, since guests sit on the same few places.

    :raises VirtError: XML_ERROR.
    """
    place = Node("address", dict(given))
    numbers = {name: _number(place, name) for name in PCI}
    if any(numbers.values()):
        _valid_pci(numbers)
    _fill(place, PCI)
    return place.attrs


def _valid_pci(numbers: dict[str, int]) -> None:
    """Refuse what is past the end of a PCI bus, and the function that no device can have."""
    for name in ("bus", "slot"):
        highest = PCI[name][1]
        if numbers[name] > highest:
            raise _invalid(f"Invalid PCI address {name}='{numbers[name]:#x}', must be <= 0x{highest:X}")
    if numbers["function"] > PCI["function"][1]:
        raise _invalid(f"Invalid PCI address function={numbers['function']:#x}, must be <= 7")
    if not (numbers["domain"] or numbers["bus"] or numbers["slot"]):
        raise _invalid("Invalid PCI address 0000:00:00, at least one of domain, bus, or slot must be > 0")


def _invalid(detail: str) -> VirtError:
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.NONE)


def _fill(node: Node, fields: dict[str, tuple[int, int]]) -> None:
    for name, (digits, highest) in fields.items():
        value = _number(node, name)
        if value > highest:
            raise _no_number(node, name)
        node.attrs[name] = f"0x{value:0{digits}x}"


def _number(node: Node, name: str, base: int = 0) -> int:
    text = node.attrs.get(name, "0")
    hexadecimal = text.lower().startswith("0x") or base == 16
    try:
        value = int(text, 16 if hexadecimal else 10)
    except ValueError:
        raise _no_number(node, name) from None
    if value < 0:
        raise _no_number(node, name)
    return value


def _no_number(node: Node, name: str) -> VirtError:
    detail = f"Invalid value for attribute '{name}' in element '{node.tag}': '{node.attrs[name]}'."
    return VirtError(ErrorCode.XML_ERROR, detail + " Expected non-negative integer value", ErrorDomain.XML)
