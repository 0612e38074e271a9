"""Serial and parallel ports, consoles and channels."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.definition.checks.refusal import unsupported
from virtloom_qemu.definition.devices import SERIAL_MODELS
from virtloom_qemu.definition.guest import Guest, place_type
from virtloom_qemu.settings import Settings

# The address that a serial port of each type can have.
PLACES = {"isa-serial": "isa", "isa-debug": "isa", "usb-serial": "usb", "pci-serial": "pci"}
FOREIGN = ("spapr-vio-serial", "system-serial", "sclp-serial")


def character(guest: Guest, settings: Settings, device: Node) -> None:
    """What is behind a device on the host is something that QEMU has."""
    source_of(guest, device)


def source_of(guest: Guest, device: Node) -> None:
    """A source is one that QEMU has, and one of the display's needs the display."""
    kind = device.get("type")
    source = device.find("source")
    reconnect = source.find("reconnect") if source is not None else None
    if reconnect is not None and reconnect.get("enabled") == "yes" and reconnect.get("timeout") == "0":
        detail = "chardev reconnect source timeout cannot be '0'"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.QEMU)
    if kind in ("spicevmc", "spiceport") and not any(one.get("type") == "spice" for one in guest.all("graphics")):
        raise unsupported(f"chardev '{kind}' not supported without spice graphics")


def serial(guest: Guest, settings: Settings, device: Node) -> None:
    """A serial port is of a type that a PC has, and sits where that type does."""
    source_of(guest, device)
    kind, model = device.value("target", "type") or "", device.value("target/model", "name") or ""
    place, expected = place_type(device), PLACES.get(kind)
    if expected is not None and place not in (None, expected):
        raise unsupported(f"Target type '{kind}' requires address type '{expected}'")
    wanted = next((one for one, name in SERIAL_MODELS.items() if name == model), None)
    if wanted is not None and kind != wanted:
        raise unsupported(f"Target model '{model}' requires target type '{wanted}'")
    if kind in FOREIGN:
        raise unsupported(
            f"Serial device with target type '{kind}' and target model '{model}' not compatible with guest "
            "architecture or machine type"
        )


def console(guest: Guest, settings: Settings, device: Node) -> None:
    """A console is a serial port or one over virtio."""
    source_of(guest, device)
    kind = device.value("target", "type")
    if kind in ("sclp", "sclplm"):
        raise unsupported(f"{kind}console is not supported in this QEMU binary")
    if kind not in ("virtio", "serial"):
        raise unsupported(f"unsupported console target type {kind}")
