"""Devices of the host's (`qemuValidateDomainDeviceDefHostdev`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.definition.checks.refusal import unsupported
from virtloom_qemu.definition.guest import Guest
from virtloom_qemu.settings import Settings

NO_BOOT = "booting from assigned devices is not supported by "


def hostdev(guest: Guest, settings: Settings, device: Node) -> None:
    """A device of the host's is one that QEMU can give to a guest."""
    if device.get("mode") == "capabilities":
        raise unsupported(f"hostdev mode 'capabilities' is not supported in {guest.type}")
    kind = device.get("type")
    if kind == "pci" and device.value("source", "writeFiltering") is not None:
        raise unsupported("Write filtering of PCI device configuration space is not supported by qemu")
    if kind == "scsi_host" and device.find("boot") is not None:
        raise unsupported(f"{NO_BOOT}vhost SCSI devices")
    if kind == "mdev":
        _mediated(guest, device)


def _mediated(guest: Guest, device: Node) -> None:
    model = device.get("model")
    if model == "vfio-ap" or model == "vfio-ccw":
        words = model.removeprefix("vfio-").upper()
        raise unsupported(f"VFIO {words} device assignment is not supported by this version of QEMU")
    if device.find("boot") is not None:
        raise unsupported(f"{NO_BOOT}mediated devices of model {model}")
    if device.get("display") == "on" and not guest.all("graphics"):
        raise unsupported("graphics device is needed for attribute value 'display=on' in <hostdev>")
