"""What cannot be plugged into a running guest or out of it, in libvirt's words (`qemu_hotplug.c`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Video
from virtloom_qemu.command.guest.memory import module_size
from virtloom_qemu.definition.addresses.place import place_of
from virtloom_qemu.definition.checks.displays import WITH_HEADS
from virtloom_qemu.definition.guest import has_pci, number
from virtloom_qemu.hotplug.finding import as_node, every, means
from virtloom_qemu.hotplug.kinds import CHARACTERS, KINDS, value

NOT_COMING = ("client", "server", "mcast", "udp", "internal", "null", "vds")  # types of interfaces
PLUGGABLE = ("virtio", "usb", "scsi")  # buses of disks
Refusal = Callable[[Domain, Node], None]


def unsupported(detail: str, code: ErrorCode = ErrorCode.OPERATION_UNSUPPORTED) -> VirtError:
    """Something that a guest, or this kind of guest, does not do."""
    return VirtError(code, detail)


def kind_word(tag: str) -> str:
    """What messages call a kind of device (`virDomainDeviceType`)."""
    return "chr" if tag in CHARACTERS else tag


def refuse_attaching(live: Domain, node: Node) -> None:
    """Refuse a device that cannot come while the guest runs.

    :param node: the device, with everything filled in.
    :raises VirtError: OPERATION_UNSUPPORTED and others.
    """
    if node.tag not in ATTACHING:
        raise unsupported(f"live attach of device '{kind_word(node.tag)}' is not supported")
    ATTACHING[node.tag](live, node)
    if has_pci(node) and place_of(node).function:
        detail = "Only PCI device addresses with function=0 are supported"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NONE)


def refuse_detaching(live: Domain, node: Node) -> None:
    """Refuse to let go of a device that cannot go while the guest runs.

    :param node: the device as the guest has it.
    :raises VirtError: OPERATION_UNSUPPORTED and others.
    """
    if node.tag not in DETACHING:
        raise unsupported(f"live detach of device '{kind_word(node.tag)}' is not supported")
    DETACHING[node.tag](live, node)
    if has_pci(node):
        _refuse_shared_slot(live, node)


def refuse_second_live(live: Domain, node: Node) -> None:
    """Refuse a second device of a kind of which a guest has one, before anything is filled in.

    :raises VirtError: OPERATION_INVALID or OPERATION_FAILED.
    """
    if node.tag == "watchdog" and live.parts.watchdogs:
        raise VirtError(ErrorCode.OPERATION_INVALID, "domain already has a watchdog")
    if node.tag == "vsock" and live.parts.vsock is not None:
        raise VirtError(ErrorCode.OPERATION_INVALID, "the domain already has a vsock device")
    known = {(one.type, str(one.index)) for one in live.parts.controllers}
    if node.tag == "controller" and node.get("type") == "scsi" and ("scsi", node.get("index")) in known:
        raise VirtError(ErrorCode.OPERATION_FAILED, f"target scsi:{node.get('index')} already exists")
    refuse_character(live, node)
    refuse_memory(live, node)


def refuse_second_card(device: Any) -> None:
    """Refuse a graphics card that only a guest's first can be.

    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    model = device.model.type if isinstance(device, Video) and device.model is not None else None
    if model is not None and model not in WITH_HEADS:
        detail = f"video type '{model}' is only valid as primary video device"
        raise unsupported(detail, ErrorCode.CONFIG_UNSUPPORTED)


def refuse_card(node: Node) -> None:
    """Refuse a smart card before it is given a place: only one in the first is looked at further.

    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    if node.tag != "smartcard":
        return
    place = node.find("address")
    if place is None or any(int(place.get(name) or 0) for name in ("controller", "slot")):
        raise unsupported("this QEMU binary lacks multiple smartcard support", ErrorCode.CONFIG_UNSUPPORTED)


def refuse_character(definition: Domain, node: Node) -> None:
    """Refuse a character device that is there already, or that is only another name for one.

    :raises VirtError: OPERATION_UNSUPPORTED or OPERATION_INVALID.
    """
    if node.tag not in CHARACTERS:
        return
    refuse_serial_console(node, "attaching")
    kind = KINDS[node.tag]
    if any(means(kind, node, as_node(one, node.tag)) for one in every(definition, kind)):
        raise VirtError(ErrorCode.OPERATION_INVALID, "chardev already exists")


def refuse_serial_console(node: Node, verb: str) -> None:
    """Refuse the console that is a serial port: that one comes and goes.

    :raises VirtError: OPERATION_UNSUPPORTED for one that comes, OPERATION_INVALID for one that goes.
    """
    if node.tag == "console" and value(node, "target@type") in (None, "serial"):
        code = ErrorCode.OPERATION_UNSUPPORTED if verb == "attaching" else ErrorCode.OPERATION_INVALID
        raise VirtError(code, f"{verb} serial console is not supported")


def _nothing(live: Domain, node: Node) -> None:
    """It is up to QEMU."""


def _attach_disk(live: Domain, node: Node) -> None:
    if node.get("device") == "floppy":
        raise unsupported("floppy device hotplug isn't supported")
    bus = value(node, "target@bus")
    if bus not in PLUGGABLE:
        raise unsupported(f"disk bus '{bus}' cannot be hotplugged.")


def _attach_controller(live: Domain, node: Node) -> None:
    if node.get("type") != "scsi":
        raise unsupported(f"'{node.get('type')}' controller cannot be hot plugged.")


def _attach_shmem(live: Domain, node: Node) -> None:
    _plain_shmem(node, "attach")


def _plain_shmem(node: Node, verb: str) -> None:
    model = value(node, "model@type") or "ivshmem"
    if model == "ivshmem":
        raise unsupported(f"live {verb} of shmem model '{model}' is not supported")


def _attach_watchdog(live: Domain, node: Node) -> None:
    if node.get("model") != "i6300esb":
        raise unsupported(f"hotplug of watchdog of model {node.get('model')} is not supported")


def _attach_input(live: Domain, node: Node) -> None:
    if node.get("bus") not in ("usb", "virtio"):
        raise unsupported(f"input device on bus '{node.get('bus')}' cannot be hot plugged.")


def _filesystem(live: Domain, node: Node) -> None:
    if value(node, "driver@type") != "virtiofs":
        raise unsupported("only virtiofs filesystems can be hotplugged")


def _attach_hostdev(live: Domain, node: Node) -> None:
    if node.get("mode") == "capabilities":
        detail = f"hotplug is not supported for hostdev mode '{node.get('mode')}'"
        raise unsupported(detail, ErrorCode.CONFIG_UNSUPPORTED)


def refuse_memory(definition: Domain, node: Node) -> None:
    """Refuse a module for which a definition has no room.

    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    if node.tag != "memory":
        return
    maximum, size = definition.max_memory, module_size(node)
    if maximum is None:
        detail = "cannot use/hotplug a memory device when domain 'maxMemory' is not defined"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)
    if definition.memory + size > int(maximum.text):
        detail = (
            f"Attaching memory device with size '{size}' would exceed domain's maxMemory config size '{maximum.text}'"
        )
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)


def _detach_disk(live: Domain, node: Node) -> None:
    device, bus = node.get("device") or "disk", value(node, "target@bus")
    if device == "floppy" or (device == "cdrom" and bus not in ("usb", "scsi")):
        raise unsupported(f"disk device type '{device}' cannot be detached")
    if bus not in PLUGGABLE:
        raise unsupported("This type of disk cannot be hot unplugged")


def _detach_controller(live: Domain, node: Node) -> None:
    if node.get("type") != "scsi":
        raise unsupported(f"'{node.get('type')}' controller cannot be hot unplugged.")
    users = [as_node(disk, "disk") for disk in live.parts.disks if disk.target and disk.target.bus == "scsi"]
    users += [as_node(one, "hostdev") for one in live.parts.hostdevs if one.type == "scsi"]
    if any(number(one.find("address"), "controller") == number(node, "index") for one in users):
        raise VirtError(ErrorCode.OPERATION_FAILED, "device cannot be detached: device is busy")


def _detach_shmem(live: Domain, node: Node) -> None:
    _plain_shmem(node, "detach")


def _detach_watchdog(live: Domain, node: Node) -> None:
    if node.get("model") != "i6300esb":
        raise unsupported(f"hot unplug of watchdog of model {node.get('model')} is not supported")


def _detach_input(live: Domain, node: Node) -> None:
    if node.get("bus") in ("ps2", "xen", "parallels"):
        raise unsupported(f"input device on bus '{node.get('bus')}' cannot be detached")


def _refuse_shared_slot(live: Domain, node: Node) -> None:
    """A device that shares its slot cannot go alone, nor one whose port does not let anything go."""
    place, word = place_of(node), kind_word(node.tag)
    others: list[Any] = [as_node(one, tag) for tag, kind in KINDS.items() for one in every(live, kind)]
    for other in others:
        there = place_of(other) if has_pci(other) else None
        if there is not None and there[:2] == place[:2] and there.function != place.function:
            detail = f"cannot hot unplug {word} device with multifunction PCI guest address: {place}"
            raise VirtError(ErrorCode.OPERATION_FAILED, detail)
    bus = next((one for one in live.parts.controllers if one.type == "pci" and (one.index or 0) == place.bus), None)
    if bus is not None and bus.target is not None and bus.target.get("hotplug") == "off":
        detail = f"cannot hot unplug {word} device with PCI guest address: {place} - not allowed by controller"
        raise VirtError(ErrorCode.OPERATION_FAILED, detail)


def _attach_interface(live: Domain, node: Node) -> None:
    if node.get("type") in NOT_COMING:
        raise unsupported(f"hotplug of interface type of {node.get('type')} is not implemented yet")


ATTACHING: dict[str, Refusal] = {
    "disk": _attach_disk,
    "controller": _attach_controller,
    "interface": _attach_interface,
    "hostdev": _attach_hostdev,
    "redirdev": _nothing,
    "rng": _nothing,
    "memory": _nothing,
    "shmem": _attach_shmem,
    "watchdog": _attach_watchdog,
    "input": _attach_input,
    "vsock": _nothing,
    "filesystem": _filesystem,
    "lease": _nothing,
    **dict.fromkeys(CHARACTERS, _nothing),
}
DETACHING: dict[str, Refusal] = {
    "disk": _detach_disk,
    "controller": _detach_controller,
    "interface": _nothing,
    "hostdev": _nothing,
    "redirdev": _nothing,
    "rng": _nothing,
    "memory": _nothing,
    "shmem": _detach_shmem,
    "watchdog": _detach_watchdog,
    "input": _detach_input,
    "vsock": _nothing,
    "filesystem": _filesystem,
    "lease": _nothing,
    **dict.fromkeys(CHARACTERS, _nothing),
}
