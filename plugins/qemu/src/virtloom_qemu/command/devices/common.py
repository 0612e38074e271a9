"""What many devices say alike: where they sit, how they speak virtio, what they boot from."""

from __future__ import annotations

from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.command.line import given
from virtloom_qemu.command.values import alias, optional, positive, switch
from virtloom_qemu.definition.addresses.place import place_of
from virtloom_qemu.definition.guest import Guest, number, place_type

Props = dict[str, Any]
NARROW_SCSI = ("lsilogic", "ncr53c90", "dc390", "am53c974")


def controller_alias(guest: Guest, kind: str, index: int) -> str:
    """The alias of a controller.

    :raises VirtError: INTERNAL_ERROR if there is none.
    """
    found = guest.controllers(kind, index)
    masters = [one for one in found if one.find("master") is None] or found
    if not masters:
        detail = f"Could not find {kind} controller with index {index} required for device"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
    return alias(masters[0])


def address(guest: Guest, device: Node) -> Props:
    """The properties that say where a device sits (`qemuBuildDeviceAddressProps`)."""
    where = device.find("address")
    kind = place_type(device)
    if where is None or kind is None:
        return {}
    if kind == "pci":
        return _pci(guest, device, where)
    if kind == "usb":
        bus = f"{controller_alias(guest, 'usb', number(where, 'bus'))}.0"
        return given({"bus": bus, "port": where.get("port")})
    if kind == "drive":
        return _drive(guest, device, where)
    if kind == "virtio-serial":
        bus = f"{controller_alias(guest, kind, number(where, 'controller'))}.{number(where, 'bus')}"
        return {"bus": bus, "nr": number(where, "port")}
    if kind == "isa":
        return given({"iobase": optional(where, "iobase"), "irq": positive(where, "irq")})
    if kind == "dimm":
        return given({"slot": number(where, "slot"), "addr": positive(where, "base")})
    return {}


def _pci(guest: Guest, device: Node, where: Node) -> Props:
    place = place_of(device)
    bus = controller_alias(guest, "pci", place.bus)
    if bus.startswith("ua-") and not place.bus:  # the root bus is called what the machine calls it
        bus = "pcie.0" if guest.has_pcie else "pci.0"
    return given(
        {
            "bus": bus,
            "multifunction": switch(where.get("multifunction")),
            "addr": f"0x{place.slot:x}" + (f".0x{place.function:x}" if place.function else ""),
            "acpi-index": positive(device.find("acpi"), "index"),
        }
    )


def _drive(guest: Guest, device: Node, where: Node) -> Props:
    bus = device.value("target", "bus") if device.tag == "disk" else "scsi"
    controller, unit = number(where, "controller"), number(where, "unit")
    if bus == "ide":
        name = "ide" if guest.is_i440fx else controller_alias(guest, "ide", controller)
        return {"bus": f"{name}.{number(where, 'bus')}", "unit": unit}
    if bus == "sata":
        name = "ide" if guest.is_q35 and not controller else controller_alias(guest, "sata", controller)
        return {"bus": f"{name}.{unit}"}
    if bus == "fdc":
        return {"unit": unit}
    name = controller_alias(guest, "scsi", controller)
    if guest.controllers("scsi", controller)[0].get("model") in NARROW_SCSI:
        return {"bus": f"{name}.{number(where, 'bus')}", "scsi-id": unit}
    place = {"channel": number(where, "bus"), "scsi-id": number(where, "target"), "lun": unit}
    return {"bus": f"{name}.0", **place}


def virtio(base: str, device: Node, model: str | None = None, suffix: bool = True) -> Props:
    """The driver of a virtio device, with the options that all of them have (`qemuBuildVirtioDevProps`).

    :param base: such as `virtio-blk`; the bus follows, unless `suffix` is false.
    :param model: the device's model, which may ask for a transitional one.
    """
    driver = f"{base}-pci" if suffix else base
    kind = model or ""
    if kind.endswith("-transitional"):
        driver += "-non-transitional" if "non-transitional" in kind else "-transitional"
    options = device.find("driver")
    return given(
        {
            "driver": driver,
            "iommu_platform": switch(options.get("iommu") if options else None),
            "ats": switch(options.get("ats") if options else None),
            "packed": switch(options.get("packed") if options else None),
            "page-per-vq": switch(options.get("page_per_vq") if options else None),
        }
    )


def rom(device: Node) -> Props:
    """The properties of a device's ROM (`qemuBuildRomProps`)."""
    element = device.find("rom")
    if element is None:
        return {}
    if element.get("enabled") == "no":
        return {"romfile": ""}
    bar = {None: None, "on": 1, "off": 0}[element.get("bar")]
    return given({"rombar": bar, "romfile": element.get("file")})


def boot_index(guest: Guest, device: Node) -> int | None:
    """The device's turn at booting: its own, or the one that follows from the guest's order."""
    own = positive(device.find("boot"), "order")
    return own or guest.boot_indexes.get(alias(device))
