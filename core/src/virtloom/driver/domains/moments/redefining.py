"""What a redefined snapshot or checkpoint may be, beside those that are there (libvirt: `snapshot_conf.c`)."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from virtloom.driver.domains.moments.disks import align
from virtloom.driver.domains.moments.forest import Moment, Moments
from virtloom.driver.domains.moments.snapshots import is_external
from virtloom.errors import ErrorCode, ErrorDomain, VirtError

ONLINE = ("running", "paused")


def checked_redefinition(
    new: Moment, there: Moments, uuid: bytes, files: frozenset[str], *, disk_only: bool = False
) -> Moment:
    """A redefined snapshot with a place for each disk, if it may stand where it says (`virDomainSnapshotRedefinePrep`).

    :param there: the domain's snapshots.
    :param uuid: the domain's.
    :param files: what `disks.regular_files` said of the snapshot's domain.
    :param disk_only: whether VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY was given.
    :raises VirtError: INVALID_ARG and CONFIG_UNSUPPORTED, in libvirt's words.
    """
    check_cycles(new, there)
    old = there.by_name.get(new.name)
    if problem := _problem(new, old, uuid, disk_only=disk_only):
        raise VirtError(ErrorCode.INVALID_ARG, problem, ErrorDomain.DOMAIN_SNAPSHOT)
    definition = new.domain or (old.domain if old is not None else None)
    if definition is None:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "missing domain in snapshot", ErrorDomain.DOMAIN_SNAPSHOT)
    where = "external" if new.state == "disk-snapshot" or is_external(new) else "internal"
    return replace(new, disks=align(new.disks, definition, where, new.name, files))


def check_cycles(new: Moment, there: Moments) -> None:
    """Refuse a parent that there is not, or that is below the moment itself (`virDomainMomentCheckCycles`).

    :raises VirtError: INVALID_ARG.
    """
    if new.parent is None:
        return
    if new.parent == new.name:
        raise VirtError(ErrorCode.INVALID_ARG, f"cannot set moment {new.name} as its own parent", ErrorDomain.DOMAIN)
    other = there.by_name.get(new.parent)
    if other is None:
        detail = f"parent {new.parent} for moment {new.name} not found"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.DOMAIN)
    while other is not None and other.parent is not None:
        if other.parent == new.name:
            detail = f"parent {other.name} would create cycle to {new.name}"
            raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.DOMAIN)
        other = there.by_name.get(other.parent)


def _problem(new: Moment, old: Moment | None, uuid: bytes, *, disk_only: bool) -> str | None:
    if disk_only and new.state != "disk-snapshot":
        return f"disk-only flag for snapshot {new.name} requires disk-snapshot state"
    if new.domain is not None and new.domain.uuid != uuid:
        return f"definition for snapshot {new.name} must use uuid {UUID(bytes=uuid)}"
    if old is None:
        return None
    if (old.state in ONLINE) != (new.state in ONLINE):
        return f"cannot change between online and offline snapshot state in snapshot {new.name}"
    if (old.state == "disk-snapshot") != (new.state == "disk-snapshot"):
        return f"cannot change between disk only and full system in snapshot {new.name}"
    return None
