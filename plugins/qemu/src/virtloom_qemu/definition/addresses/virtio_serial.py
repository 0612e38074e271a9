"""Ports of serial lines over virtio (`qemuDomainAssignVirtioSerialAddresses`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.definition.controllers import add_controller
from virtloom_qemu.definition.guest import Guest, number, place_type

KIND = "virtio-serial"
DEFAULT_PORTS = 31


def virtio_serial_addresses(guest: Guest) -> None:
    """Give channels a port each; port 0 is left to consoles, which keep what they were given.

    :raises VirtError: XML_ERROR for a port in the document that there is not or that is taken twice.
    """
    taken = {number(one, "index"): set[int]() for one in guest.controllers(KIND)}
    for device in guest.placed():
        if _is_complete(device):
            _reserve(guest, taken, *_port(device))
    for tag in ("console", "channel"):
        for device in guest.all(tag):
            if device.value("target", "type") == "virtio" and not _is_complete(device):
                _assign(guest, taken, device, keep=tag == "console")


def _port(device: Node) -> tuple[int, int]:
    address = device.find("address")
    return number(address, "controller"), number(address, "port")


def _is_complete(device: Node) -> bool:
    return place_type(device) == KIND and _port(device)[1] != 0


def _ports(guest: Guest, index: int) -> int:
    return number(guest.controllers(KIND, index)[0], "ports", DEFAULT_PORTS)


def _reserve(guest: Guest, taken: dict[int, set[int]], controller: int, port: int) -> None:
    if controller not in taken:
        raise _refuse(f"virtio serial controller {controller} is missing")
    if port >= _ports(guest, controller):
        raise _refuse(f"virtio serial controller {controller} does not have port {port}")
    if port in taken[controller]:
        raise _refuse(f"virtio serial port {port} on controller {controller} is already occupied")
    taken[controller].add(port)


def _assign(guest: Guest, taken: dict[int, set[int]], device: Node, keep: bool) -> None:
    """Take a port for a device, and write it down unless the device keeps the address that it has."""
    if place_type(device) == KIND:
        controllers = [_port(device)[0]]
        if controllers[0] not in taken:
            detail = f"virtio-serial controller {controllers[0]} not available"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.DOMAIN)
        first = 1
    else:
        controllers = sorted(taken)
        first = 0 if keep else 1
    controller, port = _free(guest, taken, controllers, first)
    _reserve(guest, taken, controller, port)
    if not keep:
        address = {"type": KIND, "controller": str(controller), "bus": "0", "port": str(port)}
        device.need("address").attrs = address


def _free(guest: Guest, taken: dict[int, set[int]], controllers: list[int], first: int) -> tuple[int, int]:
    for controller in controllers:
        for port in range(first, _ports(guest, controller)):
            if port not in taken[controller]:
                return controller, port
    if len(controllers) < len(taken):
        raise _refuse(f"Unable to find a free port on virtio-serial controller {controllers[0]}")
    index = next(number for number in range(len(taken) + 1) if number not in taken)
    add_controller(guest.devices, KIND, index)
    taken[index] = set()
    return index, first


def _refuse(detail: str) -> VirtError:
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
