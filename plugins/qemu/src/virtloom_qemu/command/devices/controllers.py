"""Controllers (`qemuBuildControllersCommandLine`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.common import Props, address, controller_alias, virtio
from virtloom_qemu.command.line import CommandLine, given
from virtloom_qemu.command.values import alias, optional, positive, switch
from virtloom_qemu.definition.guest import Guest, number

ORDER = ("pci", "usb", "scsi", "ide", "sata", "virtio-serial")
ROOTS = {"pci-root": "i440FX-pcihost", "pcie-root": "q35-pcihost"}
VIRTIO_SCSI = ("virtio-scsi", "virtio-transitional", "virtio-non-transitional")
SCSI = {
    "lsilogic": "lsi", "lsisas1068": "mptsas1068", "lsisas1078": "megasas", "vmpvscsi": "pvscsi",
    "am53c974": "am53c974", "dc390": "dc-390",
}  # fmt: skip
USB = {
    "piix3-uhci": "piix3-usb-uhci", "piix4-uhci": "piix4-usb-uhci", "ehci": "usb-ehci",
    "ich9-ehci1": "ich9-usb-ehci1", "ich9-uhci1": "ich9-usb-uhci1", "ich9-uhci2": "ich9-usb-uhci2",
    "ich9-uhci3": "ich9-usb-uhci3", "vt82c686b-uhci": "vt82c686b-usb-uhci", "pci-ohci": "pci-ohci",
    "nec-xhci": "nec-usb-xhci", "qemu-xhci": "qemu-xhci",
}  # fmt: skip
WITH_PORT = ("pcie-root-port", "pcie-switch-downstream-port")
EXPANDERS = ("pci-expander-bus", "pcie-expander-bus")


def add_controllers(guest: Guest, context: Context, line: CommandLine) -> None:
    """Every controller, buses first."""
    _holes(guest, line)
    for kind in ORDER:
        add_controllers_of(guest, line, kind)
    usb = guest.controllers("usb")
    if all(one.get("model") is None for one in usb) and not guest.is_q35:
        line.option("usb")


def add_controllers_of(guest: Guest, line: CommandLine, kind: str) -> None:
    """The controllers of one kind, in order."""
    for one in guest.controllers(kind):
        hotplug = one.value("target", "hotplug")
        if one.get("model") == "pci-root" and hotplug is not None and not number(one, "index"):
            line.option("global", f"PIIX4_PM.acpi-root-pci-hotplug={hotplug}")
        if not _is_built_in(guest, one):
            line.device(controller_properties(guest, one))


def _holes(guest: Guest, line: CommandLine) -> None:
    for one in guest.controllers("pci"):
        hole, host = one.find("pcihole64"), ROOTS.get(one.get("model") or "")
        if hole is not None and host is not None:
            line.option("global", f"{host}.pci-hole64-size={hole.text}K")


def _is_built_in(guest: Guest, one: Node) -> bool:
    kind, model, first = one.get("type"), one.get("model"), not number(one, "index")
    if kind == "pci":
        return model in ROOTS
    if kind == "usb":
        return model == "none" or (model is None and not guest.is_q35)
    if kind == "sata":
        return first and guest.is_q35
    return first and ((kind == "ide" and guest.is_i440fx) or model == "ncr53c90")


def controller_properties(guest: Guest, one: Node) -> Props:
    """The device that a controller is.

    :raises VirtError: CONFIG_UNSUPPORTED for a kind or a model that QEMU does not have.
    """
    kind = one.get("type")
    if kind == "pci":
        props = _pci(one)
    elif kind == "usb":
        props = _usb(guest, one)
    elif kind == "scsi":
        props = _scsi(one)
    elif kind == "virtio-serial":
        ports = {"max_ports": optional(one, "ports"), "vectors": optional(one, "vectors")}
        props = {**virtio("virtio-serial", one, one.get("model")), "id": alias(one), **ports}
    elif kind in ("ccid", "sata"):
        props = {"driver": "usb-ccid" if kind == "ccid" else "ahci", "id": alias(one)}
    else:
        raise _unsupported(f"Unsupported controller type: {kind}")
    return given({**props, **address(guest, one)})


def _pci(one: Node) -> Props:
    model, target = one.get("model"), one.find("target")
    props: Props = {"driver": one.value("model", "name")}
    if model == "pci-bridge":
        props["chassis_nr"] = optional(target, "chassisNr")
    elif model in EXPANDERS:
        props["bus_nr"] = optional(target, "busNr")
    elif model in WITH_PORT:
        props |= {"port": optional(target, "port"), "chassis": optional(target, "chassis")}
    props["id"] = alias(one)
    if model in EXPANDERS and (node := one.find("target/node")) is not None:
        props["numa_node"] = int(node.text)
    elif model in WITH_PORT and target is not None:
        props["hotplug"] = switch(target.get("hotplug"))
    return props


def _usb(guest: Guest, one: Node) -> Props:
    model = one.get("model") or ""
    if model not in USB:
        raise _unsupported("no model provided for USB controller")
    ports = optional(one, "ports")
    props: Props = {"driver": USB[model], "p2": ports, "p3": ports}
    master = one.find("master")
    if master is None:
        return {**props, "id": alias(one)}
    bus = f"{controller_alias(guest, 'usb', number(one, 'index'))}.0"
    return {**props, "masterbus": bus, "firstport": number(master, "startport")}


def _scsi(one: Node) -> Props:
    model, driver = one.get("model") or "", one.find("driver")
    if model not in VIRTIO_SCSI:
        if model not in SCSI:
            raise _unsupported(f"Unsupported controller model: {model}")
        return {"driver": SCSI[model], "id": alias(one)}
    thread = positive(driver, "iothread")
    return {
        **virtio("virtio-scsi", one, model),
        "iothread": None if thread is None else f"iothread{thread}",
        "id": alias(one),
        "num_queues": positive(driver, "queues"),
        "cmd_per_lun": positive(driver, "cmd_per_lun"),
        "max_sectors": positive(driver, "max_sectors"),
        "ioeventfd": switch(driver.get("ioeventfd")) if driver is not None else None,
    }


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
