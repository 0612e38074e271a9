"""Disks: their names, their places, and what goes together."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain.checks.refusal import malformed, unsupported
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk

LOCAL = ("file", "block", "dir")
POLICIES = ("mandatory", "requisite", "optional")
WITH_DRIVES = ("ide", "fdc", "scsi", "sata")


def disk_targets(domain: Domain) -> None:
    """Each disk has a target of its own."""
    seen: dict[str, str | None] = {}
    for disk in domain.parts.disks:
        if not disk.name:
            raise VirtError(ErrorCode.NO_TARGET, disk.path, ErrorDomain.DOMAIN)
        if disk.name in seen:
            first = seen[disk.name]
            sources = f"'{first}' and '{disk.path}'" if first or disk.path else "''"
            raise malformed(f"target '{disk.name}' duplicated for disk sources {sources}")
        seen[disk.name] = disk.path


def disks(domain: Domain) -> None:
    """What each disk cannot be by itself (`virDomainDiskDefValidate`)."""
    for disk in domain.parts.disks:
        _lun(disk)
        _startup_policy(disk)
        _address(disk)
        if disk.device == "disk" and disk.type in LOCAL and disk.path is None:  # others may have no medium in them
            raise VirtError(ErrorCode.NO_SOURCE, disk.name, ErrorDomain.DOMAIN)


def descriptors(domain: Domain) -> None:
    """Images that come as open files are for drivers that can pass them on."""
    for disk in domain.parts.disks:
        if disk.source is not None and disk.source.get("fdgroup") is not None:
            raise unsupported(f"driver does not support FD passing for disk '{disk.name}'")


def _lun(disk: Disk) -> None:
    if disk.device != "lun":
        return
    protocol = disk.source.get("protocol") if disk.source is not None else None
    if disk.type == "network" and protocol != "iscsi":
        raise unsupported(f"disk device='lun' is not supported for protocol='{protocol}'")
    if disk.type not in ("block", "network", "volume"):
        raise unsupported("disk device='lun' is only valid for block type disk source")


def _startup_policy(disk: Disk) -> None:
    """What holds if an image is not there at a start (`virDomainDiskDefValidateStartupPolicy`)."""
    policy = disk.source.get("startupPolicy") if disk.source is not None else None
    if policy is None:
        return
    if policy not in POLICIES:
        raise malformed(f"Invalid value for attribute 'startupPolicy' in element 'source': '{policy}'.")
    if disk.actual_type not in (*LOCAL, "volume"):
        raise malformed(f"disk startupPolicy '{policy}' is not allowed for disk of '{disk.type}' type")
    if policy == "requisite" and disk.device not in ("cdrom", "floppy"):
        raise malformed("disk startupPolicy 'requisite' is allowed only for cdrom or floppy")


def _address(disk: Disk) -> None:
    bus = disk.target.bus if disk.target is not None else None
    kind = disk.address.type if disk.address is not None else None
    if bus in WITH_DRIVES and kind not in (None, "drive"):
        raise unsupported(f"Invalid address type '{kind}' for the disk '{disk.name}' with the bus type '{bus}'")


def drive_places(domain: Domain) -> None:
    """No two disks of a bus sit in one place."""
    seen = set()
    for disk in reversed(domain.parts.disks):
        address = disk.address
        if address is None or address.type != "drive" or disk.target is None:
            continue
        place = (disk.target.bus, address.controller or 0, address.bus, address.target, address.unit)
        if place in seen:
            _, controller, bus, target, unit = place
            raise unsupported(
                f"Found duplicate drive address for disk with target name '{disk.name}' controller='{controller}' "
                f"bus='{bus or 0}' target='{target or 0}' unit='{unit or 0}'"
            )
        seen.add(place)
