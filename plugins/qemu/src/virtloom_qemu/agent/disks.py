"""Which disk of a definition a guest speaks of (`virDomainDiskIndexByAddress`)."""

from __future__ import annotations

from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.agent.answers import DiskAddress


def disk_at(live: Domain, address: DiskAddress) -> str | None:
    """The guest's name in the definition for the disk at an address; None if there is none there."""
    buses = _controllers_at(live, address)
    for disk in live.parts.disks:
        node = disk.node("disk").find("address")
        if node is None:
            continue
        if node.get("type") == "pci":
            if _place(node.attrs) == address.pci:
                return disk.name
        elif node.get("type") == "drive":
            numbers = tuple(int(node.get(name) or 0) for name in ("bus", "target", "unit"))
            wanted = (address.bus, address.target, address.unit)
            if numbers == wanted and (disk_bus(disk), int(node.get("controller") or 0)) in buses:
                return disk.name
    return None


def disk_bus(disk: Disk) -> str | None:
    """What a disk hangs on."""
    return disk.target.bus if disk.target is not None else None


def _controllers_at(live: Domain, address: DiskAddress) -> list[tuple[str, int]]:
    found = []
    for controller in live.parts.controllers:
        node = controller.node("controller")
        place = node.find("address")
        if place is not None and place.get("type") == "pci" and _place(place.attrs) == address.pci:
            found.append((node.get("type") or "", int(node.get("index") or 0)))
    return found


def _place(attrs: dict[str, str]) -> tuple[int, int, int, int]:
    domain, bus, slot, function = (int(attrs.get(name) or "0", 0) for name in ("domain", "bus", "slot", "function"))
    return domain, bus, slot, function
