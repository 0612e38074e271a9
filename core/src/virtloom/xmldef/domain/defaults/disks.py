"""Disks: the bus and the place that a name stands for, and what follows from the kind of disk."""

from __future__ import annotations

from virtloom.xmldef.domain.checks.refusal import malformed
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Address, Disk

# The bus that a disk's name stands for (`virDomainDiskDefAssignBus`).
BUS_OF_PREFIX = {"fd": "fdc", "sd": "scsi", "hd": "ide", "vd": "virtio", "xvd": "xen", "ubd": "uml"}
# Units on one controller of a bus, and buses on it (`virDomainDiskDefAssignAddress`).
DISK_CONTROLLERS = {"ide": ("ide", 2, 2), "sata": ("sata", 6, 1), "scsi": ("scsi", 7, 1), "fdc": ("fdc", 2, 1)}


def disk_buses(domain: Domain) -> Domain:
    """A disk's bus is told by its name, if it is not told."""

    def with_bus(disk: Disk) -> Disk:
        if disk.target is None or disk.target.dev is None or disk.target.bus is not None:
            return disk
        dev = disk.target.dev
        bus = next((bus for prefix, bus in BUS_OF_PREFIX.items() if dev.startswith(prefix)), "ide")
        bus = "fdc" if disk.device == "floppy" else bus
        return disk.replace(target=disk.target.replace(bus=bus))

    return domain.with_devices(disks=tuple(with_bus(disk) for disk in domain.parts.disks))


def disk_index(name: str) -> int | None:
    """The number in a disk's name: `vda` is 0, `vdaa` 26 (`virDiskNameToIndex`)."""
    prefix = next((p for p in (*BUS_OF_PREFIX, "mmcblk") if name.startswith(p)), None)
    letters = name[len(prefix) :].rstrip("0123456789") if prefix else ""
    if not letters or not letters.isascii() or not letters.islower():
        return None
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("a") + 1
    return index - 1


def disk_addresses(domain: Domain) -> Domain:
    """A disk on a bus with drives sits where its name says.

    :raises VirtError: XML_ERROR for a name that says nothing.
    """

    def with_address(disk: Disk) -> Disk:
        bus = disk.target.bus if disk.target else None
        index = disk_index(disk.name) if disk.name else None
        if disk.name and index is None and disk.address is None:
            raise malformed(f"Unknown disk name '{disk.name}' and no address specified")
        if disk.address is not None or index is None or bus not in DISK_CONTROLLERS:
            return disk
        _, units, buses = DISK_CONTROLLERS[bus]
        controller, rest = divmod(index, units * buses)
        drive = {"bus": str(rest // units), "target": "0", "unit": str(rest % units)}
        return disk.replace(address=Address(type="drive", controller=controller, **drive))

    return domain.with_devices(disks=tuple(with_address(disk) for disk in domain.parts.disks))


def disk_order(domain: Domain) -> Domain:
    """Disks stand by bus as they were first named, and on a bus by their place (`virDomainDiskInsert`)."""
    placed: list[Disk] = []
    for disk in domain.parts.disks:
        at = None
        mine = (disk.target.bus if disk.target else None, disk_index(disk.name))
        for place in range(len(placed) - 1, -1, -1):
            other = placed[place]
            theirs = (other.target.bus if other.target else None, disk_index(other.name))
            if theirs[0] == mine[0]:
                if (mine[1] or 0) >= (theirs[1] or 0):
                    at = place + 1
                    break
                at = place
        placed.insert(len(placed) if at is None else at, disk)
    return domain.with_devices(disks=tuple(placed))


def disk_snapshots(domain: Domain) -> Domain:
    """A CD is not written to, and what is not written to takes no part in snapshots, nor does what others serve."""

    def with_snapshot(disk: Disk) -> Disk:
        readonly = disk.readonly or disk.device == "cdrom"
        snapshot = disk.snapshot
        if snapshot == "no" and readonly:
            snapshot = None
        elif snapshot is None and disk.type == "vhostuser":
            snapshot = "no"
        return disk.replace(readonly=readonly, snapshot=snapshot)

    return domain.with_devices(disks=tuple(with_snapshot(disk) for disk in domain.parts.disks))
