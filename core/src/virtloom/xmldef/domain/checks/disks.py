"""Disks: their names, their places, and what goes together."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain.checks.refusal import malformed, unsupported
from virtloom.xmldef.domain.definition import Domain


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


def descriptors(domain: Domain) -> None:
    """Images that come as open files are for drivers that can pass them on."""
    for disk in domain.parts.disks:
        if disk.source is not None and disk.source.get("fdgroup") is not None:
            raise unsupported(f"driver does not support FD passing for disk '{disk.name}'")


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
