"""Where devices may sit (`qemuValidateDomainDeviceDefAddress`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.definition.checks.refusal import internal, unsupported
from virtloom_qemu.definition.guest import Guest, number, place_type


def address(guest: Guest, device: Node) -> None:
    """A device's address is of a kind that the machine has."""
    kind = place_type(device)
    if kind == "ccw":
        name = device.value("alias", "name") or "<null>"
        machine = guest.machine_name
        raise unsupported(f"cannot use CCW address type for device '{name}' using machine type '{machine}'")
    if kind == "virtio-s390":
        raise unsupported("'virtio-s390' addresses are no longer supported")
    if kind == "drive":
        _drive(guest, device)
    if device.find("acpi") is not None and kind not in (None, "pci"):
        raise unsupported("ACPI index is only supported for PCI devices")
    if device.find("rom") is not None and kind not in (None, "pci", "unassigned"):
        raise unsupported("ROM tuning is only supported for PCI devices")


def _drive(guest: Guest, device: Node) -> None:
    where = device.find("address")
    bus = device.value("target", "bus") if device.tag == "disk" else "scsi"
    controller, line, target = (number(where, name) for name in ("controller", "bus", "target"))
    if bus == "scsi":
        if line:
            raise internal("SCSI controller only supports 1 bus")
        models = [one.get("model") for one in guest.controllers("scsi", controller)]
        if models[:1] == ["lsilogic"] and target:
            raise unsupported("target must be 0 for controller model 'lsilogic'")
    elif bus == "ide":
        _only_first(controller, "Only 1 IDE controller is supported")
        if target:
            raise unsupported("target must be 0 for ide controller")
    elif bus == "fdc":
        _only_first(controller, "Only 1 fdc controller is supported")
        _only_first(line, "Only 1 fdc bus is supported")
        if target:
            raise unsupported("target must be 0 for controller fdc")
    elif bus == "sata" and (line or target):
        raise unsupported(f"{'bus' if line else 'target'} must be 0 for sata controller")


def _only_first(number: int, detail: str) -> None:
    if number:
        raise internal(detail)
