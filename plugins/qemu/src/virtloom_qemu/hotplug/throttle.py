"""How fast a disk of a running guest may be, as QEMU's monitor words it (`block_set_io_throttle`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom.xmldef.domain.tunables import iotune
from virtloom_qemu.runs.talk import Talk

Limits = Mapping[str, int | float | str]
SHORT = {"bytes": "bps", "iops": "iops"}
WAYS = {"total": "", "read": "_rd", "write": "_wr"}
# By the parameters' names, QEMU's.
NAMES = {
    f"{way}_{unit}_sec{end}": f"{short}{suffix}{end}"
    for end in ("", "_max", "_max_length")
    for unit, short in SHORT.items()
    for way, suffix in WAYS.items()
} | {"size_iops_sec": "iops_size", "group_name": "group"}


def set_limits(talk: Talk, disk: Disk, limits: Limits) -> None:
    """Have a disk be no faster than some limits; 0 is none. An empty drive gets them with its medium.

    :raises VirtError: what QEMU refuses.
    """
    if disk.source is None:
        return
    told: dict[str, Any] = {}
    for name, theirs in NAMES.items():
        value = limits.get(name) or ("" if name == "group_name" else 0)
        if value or not (name.endswith("_length") or name == "group_name"):
            told[theirs] = value
    talk.monitor.execute("block_set_io_throttle", {"id": _device(disk), **told})


def throttle_disk(talk: Talk, disk: Disk) -> None:
    """Have a disk that came, or got another medium, be no faster than its definition says."""
    if iotune(disk):
        set_limits(talk, disk, iotune(disk))


def set_all(talk: Talk, live: Domain) -> None:
    """At a start: have the disks be no faster than the definition says."""
    for disk in live.parts.disks:
        throttle_disk(talk, disk)


def limits_of(talk: Talk, disk: Disk) -> dict[str, int | str]:
    """The limits that a disk has in QEMU.

    :raises VirtError: INTERNAL_ERROR if QEMU does not know the disk.
    """
    alias = _alias(disk)
    for one in talk.ask("query-block"):
        if alias in (one.get("qdev") or "").removesuffix("/virtio-backend").split("/"):
            told = one.get("inserted") or {}
            values = {name: told.get(theirs, 0) for name, theirs in NAMES.items()}
            return values | {"group_name": told.get("group") or ""}
    raise VirtError(ErrorCode.INTERNAL_ERROR, f"cannot find throttling info for device '{alias}'")


def _device(disk: Disk) -> str:
    """What has a disk's block device: on virtio, a part of what has the alias (`qemuDomainDiskGetBackendAlias`)."""
    alias, bus = _alias(disk), disk.target.bus if disk.target is not None else None
    return f"/machine/peripheral/{alias}/virtio-backend" if bus == "virtio" else alias


def _alias(disk: Disk) -> str:
    return (disk.alias.get("name") if disk.alias is not None else None) or ""
