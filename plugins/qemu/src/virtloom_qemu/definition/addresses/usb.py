"""Ports on the USB, and hubs where controllers have too few (`qemuDomainAssignUSBAddresses`)."""

from __future__ import annotations

from collections.abc import Iterator

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.definition.guest import Guest, number, place_type

HUB_PORTS = 8
DEPTH = 4
# Ports of a controller by its model; the companions' ports are those of the USB 2 controller.
PORTS = {
    None: 2, "piix3-uhci": 2, "piix4-uhci": 2, "vt82c686b-uhci": 2, "ehci": 6, "ich9-ehci1": 6, "pci-ohci": 3,
    "nec-xhci": 4, "qemu-xhci": 4,
}  # fmt: skip
Path = tuple[int, ...]


class _Hub:
    """A hub or a controller: which ports are taken, and the hubs on them."""

    def __init__(self, ports: int) -> None:
        self.ports = ports
        self.taken: set[int] = set()
        self.hubs: dict[int, _Hub] = {}

    def free(self, depth: int = 1) -> Path | None:
        """The path to a free port: on this hub, or else on one that is plugged into it."""
        for port in range(1, self.ports + 1):
            if port not in self.taken:
                return (port,)
        for port, hub in sorted(self.hubs.items()) if depth < DEPTH else ():
            found = hub.free(depth + 1)
            if found is not None:
                return (port, *found)
        return None


def usb_addresses(guest: Guest) -> None:
    """Give every device of the USB its port.

    :raises VirtError: XML_ERROR for ports in the document that there are not or that are taken twice.
    """
    devices = list(_devices(guest))
    _add_hubs(guest, len(devices))
    buses = _buses(guest)
    hubs = [hub for hub in guest.all("hub") if hub.get("type") == "usb"]
    for hub in hubs:
        if _path(hub):
            _plug_hub(buses, hub)
    for device in devices:
        if _path(device):
            _reserve(buses, device)
    for device in (*hubs, *devices):
        if place_type(device) in (None, "usb") and not _path(device):
            _assign(buses, device)
            if device.tag == "hub":
                _plug_hub(buses, device, taken=True)


def _devices(guest: Guest) -> Iterator[Node]:
    """Devices on the USB, hubs aside, in libvirt's order (`virDomainUSBDeviceDefForeach`)."""
    yield from (one for one in guest.all("hostdev") if one.get("type") == "usb")
    yield from (one for one in guest.all("disk") if one.value("target", "bus") == "usb")
    yield from (one for one in guest.all("controller") if one.get("type") == "ccid")
    yield from (one for one in guest.all("input") if one.get("bus") == "usb")
    yield from (one for one in guest.all("serial") if one.value("target", "type") == "usb-serial")
    yield from (one for one in guest.all("sound") if one.get("model") == "usb")
    yield from (one for one in guest.all("redirdev") if one.get("bus") == "usb")


def _ports(controller: Node) -> int:
    model = controller.get("model")
    if model in ("nec-xhci", "qemu-xhci") and controller.get("ports") is not None:
        return number(controller, "ports")
    return PORTS.get(model, 0)


def _add_hubs(guest: Guest, devices: int) -> None:
    controllers = guest.controllers("usb")
    if devices and all(one.get("model") == "none" for one in controllers):
        detail = "USB is disabled for this domain, but USB devices are present in the domain XML"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
    ports = sum(_ports(one) for one in controllers) + HUB_PORTS * len(guest.all("hub"))
    wanted = devices + len(guest.all("hub"))
    if wanted > ports:
        for _ in range(-(-(wanted - ports + 1) // (HUB_PORTS - 1))):
            guest.devices.add("hub", {"type": "usb"})


def _buses(guest: Guest) -> dict[int, _Hub]:
    buses: dict[int, _Hub] = {}
    for one in guest.controllers("usb"):
        index, ports = number(one, "index"), _ports(one)
        if ports and index in buses:
            raise _refuse(f"Duplicate USB controllers with index {index}")
        if ports:
            buses[index] = _Hub(ports)
    return buses


def _path(device: Node) -> Path:
    port = device.value("address", "port") if place_type(device) == "usb" else None
    return tuple(int(part) for part in port.split(".")) if port else ()


def _find(buses: dict[int, _Hub], device: Node) -> tuple[_Hub, int]:
    """The hub that a device's address names, and the port on it."""
    bus, path = number(device.find("address"), "bus"), _path(device)
    shown = ".".join(map(str, path))
    if bus not in buses:
        raise _refuse(f"Missing USB bus {bus}")
    hub = buses[bus]
    for port in path[:-1]:
        if port > hub.ports:
            raise _refuse(f"port {port} out of range in USB address bus: {bus} port: {shown}")
        if port not in hub.hubs:
            raise _refuse(f"there is no hub at port {port} in USB address bus: {bus} port: {shown}")
        hub = hub.hubs[port]
    if path[-1] > hub.ports:
        raise _refuse(f"requested USB port {shown} not present on USB bus {bus}")
    return hub, path[-1]


def _plug_hub(buses: dict[int, _Hub], device: Node, taken: bool = False) -> None:
    hub, port = _find(buses, device)
    if port in hub.hubs or (port in hub.taken and not taken):
        path = ".".join(map(str, _path(device)))
        raise _refuse(f"Duplicate USB hub on bus {number(device.find('address'), 'bus')} port {path}")
    hub.taken.add(port)
    hub.hubs[port] = _Hub(HUB_PORTS)


def _reserve(buses: dict[int, _Hub], device: Node) -> None:
    hub, port = _find(buses, device)
    if port in hub.taken:
        path = ".".join(map(str, _path(device)))
        raise _refuse(f"Duplicate USB address bus {number(device.find('address'), 'bus')} port {path}")
    hub.taken.add(port)


def _assign(buses: dict[int, _Hub], device: Node) -> None:
    wanted = None
    if place_type(device) == "usb":
        wanted = number(device.find("address"), "bus")
        if wanted not in buses:
            raise _refuse(f"USB bus {wanted} requested but no controller with that index is present")
    for bus in sorted(buses) if wanted is None else (wanted,):
        path = buses[bus].free()
        if path is not None:
            device.need("address").attrs = {"type": "usb", "bus": str(bus), "port": ".".join(map(str, path))}
            _reserve(buses, device)
            return
    raise VirtError(ErrorCode.INTERNAL_ERROR, "No free USB ports", ErrorDomain.DOMAIN)


def _refuse(detail: str) -> VirtError:
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
