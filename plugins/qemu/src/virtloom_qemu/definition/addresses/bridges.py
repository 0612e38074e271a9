"""What a PCI controller says of itself: the device that it is, its chassis, port and bus number."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.definition.addresses.place import place_of
from virtloom_qemu.definition.guest import Guest, number

# The device that QEMU has for each model (`qemuDomainPCIControllerSetDefaultModelName`).
MODEL_NAMES = {
    "pci-bridge": "pci-bridge",
    "dmi-to-pci-bridge": "i82801b11-bridge",
    "pcie-to-pci-bridge": "pcie-pci-bridge",
    "pcie-root-port": "pcie-root-port",
    "pcie-switch-upstream-port": "x3130-upstream",
    "pcie-switch-downstream-port": "xio3130-downstream",
    "pci-expander-bus": "pxb",
    "pcie-expander-bus": "pxb-pcie",
}
BUS_NUMBERS = 256
TARGET_ORDER = ("chassisNr", "chassis", "port", "busNr", "index", "hotplug")


def complete_bridges(guest: Guest) -> None:
    """Fill in what PCI controllers do not say of themselves.

    :raises VirtError: CONFIG_UNSUPPORTED for a bridge before the bus that it is on.
    """
    for one in guest.controllers("pci"):
        model = one.get("model") or ""
        if model in MODEL_NAMES:
            _name(one, MODEL_NAMES[model])
        if target := _target(guest, one, model):
            element = one.need("target")
            attrs = {**target, **element.attrs}
            element.attrs = {name: attrs[name] for name in TARGET_ORDER if name in attrs}
        if model == "pci-bridge":
            _after_its_bus(one)


def _name(controller: Node, name: str) -> None:
    if controller.find("model") is None:
        controller.children.insert(0, Node("model", {"name": name}))
    else:
        controller.need("model").attrs.setdefault("name", name)


def _target(guest: Guest, controller: Node, model: str) -> dict[str, str]:
    index, place = number(controller, "index"), place_of(controller)
    if model == "pci-bridge":
        return {"chassisNr": str(index)}
    if model == "pcie-root-port":
        return {"chassis": str(index), "port": f"0x{(place.slot << 3) + place.function:x}"}
    if model == "pcie-switch-downstream-port":
        return {"chassis": str(index), "port": f"0x{place.slot:x}"}
    if model in ("pci-expander-bus", "pcie-expander-bus") and controller.value("target", "busNr") is None:
        return {"busNr": str(_free_bus_number(guest, place.bus))}
    return {}


def _free_bus_number(guest: Guest, bus: int) -> int:
    """Two below the lowest so far: a bus for the expander and one for the bridge in it."""
    targets = [one.find("target") for one in guest.controllers("pci")]
    lowest = min([number(one, "busNr", BUS_NUMBERS) for one in targets] or [BUS_NUMBERS])
    if lowest <= 2:
        detail = (
            f"No free busNr lower than current lowest busNr is available to auto-assign to bus {bus}. "
            "Must be manually assigned"
        )
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
    return lowest - 2


def _after_its_bus(controller: Node) -> None:
    index, bus = number(controller, "index"), place_of(controller).bus
    if index <= bus:
        detail = (
            f"PCI controller at index {index} (0x{index:02x}) has bus='0x{bus:02x}', but index must be larger than bus"
        )
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
