"""Pools that are disks; their volumes are partitions.

Source: libvirt's storage_backend_disk.c, whose parthelper tells what parted(8) prints.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import NamedTuple

from virtloom.driver.flags import check_flags
from virtloom.driver.lanes import Pulse
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.source import Extent
from virtloom.xmldef.storage.source import Source as PoolSource
from virtloom.xmldef.storage.volume import Volume, VolumeDevice, VolumeExtent, VolumeTarget
from virtloom_storage.backends.base import Making, Scan, refuse
from virtloom_storage.backends.block import (
    LUKS_HEADER,
    BlockVolumes,
    check_encryption,
    device_volume,
    fill,
    settle,
)
from virtloom_storage.backends.flags import NO_OVERWRITE, OVERWRITE, check_exclusive
from virtloom_storage.backends.logical import clear_table
from virtloom_storage.backends.probing import check_empty, check_label
from virtloom_storage.context import Context
from virtloom_storage.images.volume import internal

SECTOR = 512  # bytes
PARTED = {"dos": "msdos"}  # what parted calls a table
# What parted calls the content of a partition, by the volume's format.
CONTENTS = {
    "none": "ext2", "linux": "ext2", "fat16": "fat16", "fat32": "fat32", "linux-swap": "linux-swap",
    "linux-lvm": "ext2", "linux-raid": "ext2", "extended": "extended",
}  # fmt: skip
PRIMARIES = 4  # that a dos table has room for


class Part(NamedTuple):
    """A partition, or free room (number 0). Bytes; the end is the first byte that is no more of it."""

    number: int
    start: int
    end: int
    kind: str  # normal, extended, logical


class Disk(BlockVolumes):
    """A disk with a partition table."""

    type = "disk"
    tracks_sizes = False

    # The pool.

    def is_active(self, context: Context, pool: Pool) -> bool:
        """See `Backend.is_active`."""
        if not os.path.exists(_device(pool)):
            return False
        check_label(context, _device(pool), _table(pool))
        return True

    def start(self, context: Context, pool: Pool) -> None:
        """See `Backend.start`."""
        settle(context)
        _require_device(context, pool)
        check_label(context, _device(pool), _table(pool))

    def build(self, context: Context, pool: Pool, flags: int) -> None:
        """See `Backend.build`."""
        check_flags(flags, OVERWRITE | NO_OVERWRITE, "virStorageBackendDiskBuildPool")
        check_exclusive(flags)
        device = _device(pool)
        if not flags & OVERWRITE:
            check_empty(context, device, pool.source.format_ or "unknown")
        clear_table(context, device)
        table = _table(pool)
        context.programs.run(["parted", device, "mklabel", "--script", PARTED.get(table, table)])

    def delete(self, context: Context, pool: Pool, flags: int) -> None:
        """See `Backend.delete`."""
        check_flags(flags, 0, "virStorageBackendDiskDeletePool")
        clear_table(context, _device(pool))

    def refresh(self, context: Context, pool: Pool) -> Scan:
        """See `Backend.refresh`."""
        settle(context)
        _require_device(context, pool)
        parts = _parts(context, pool)
        volumes = [_volume(context, pool, part) for part in parts if part.number]
        free = [part for part in parts if not part.number]
        logical = sum(volume.allocation for volume in volumes if _kind_of(parts, pool, volume) == "logical")
        volumes = [
            volume.replace(allocation=logical) if _kind_of(parts, pool, volume) == "extended" else volume
            for volume in volumes
        ]
        extended = {volume.name for volume in volumes if _kind_of(parts, pool, volume) == "extended"}
        sizes = {
            "allocation": sum(volume.allocation for volume in volumes if volume.name not in extended),
            "available": sum(part.end - part.start for part in free),
            "capacity": max((part.end for part in parts), default=0),
            "source": _with_free(pool, free).replace(format_=_table(pool)),
        }
        return Scan(pool.replace(**sizes), {volume.name: volume for volume in volumes})

    # Volumes.

    def place(self, context: Context, pool: Pool, volume: Volume) -> Volume:
        """See `Backend.place`: where it will be, the kernel says."""
        check_encryption(volume)
        target = volume.target.replace(path=_path(pool, volume.name))
        return volume.replace(type="block", key=target.path, target=target)

    def make(self, context: Context, pool: Pool, making: Making) -> Volume:
        """See `Backend.make`. A partition's name is the kernel's to give; one that comes out otherwise is removed."""
        volume = making.volume
        before = _parts(context, pool)
        extra = LUKS_HEADER if volume.target.encryption is not None else 0
        kind = _kind_to_make(pool, volume, before)
        start, end = _room(context, pool, volume.capacity + extra, before)
        context.programs.run(["parted", _device(pool), "mkpart", "--script", kind, f"{start}B", f"{end}B"])
        settle(context)
        known = {part.number for part in before}
        number = next(part.number for part in _parts(context, pool) if part.number not in known)
        try:
            return self._made(context, pool, making, number)
        except BaseException:
            with suppress(VirtError):
                _remove(context, pool, number)
            raise

    def _made(self, context: Context, pool: Pool, making: Making, number: int) -> Volume:
        name = os.path.basename(_node(pool, number))
        if making.volume.name != name:
            detail = f"invalid partition name '{making.volume.name}', expected '{name}'"
            raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.STORAGE)
        part = next(part for part in _parts(context, pool) if part.number == number)
        made = _volume(context, pool, part)
        target = making.volume.target.replace(path=made.path)
        fill(context, pool, making._replace(volume=making.volume.replace(target=target), path=made.path))
        return made.replace(target=made.target.replace(format_=making.volume.target.format_))

    def remove(self, context: Context, pool: Pool, volume: Volume, flags: int) -> None:
        """See `Backend.remove`."""
        check_flags(flags, 0, "virStorageBackendDiskDeleteVol")
        device = os.path.basename(os.path.realpath(_device(pool)))
        name = os.path.basename(os.path.realpath(volume.path))
        if not name.startswith(device):
            raise internal(f"Volume path '{name}' did not start with parent pool source device name.")
        number = re.search(r"(\d+)$", name[len(device) :])
        if number is None:
            raise internal(f"cannot parse partition number from target '{name}'")
        _remove(context, pool, int(number[1]))

    def wipe(self, context: Context, pool: Pool, volume: Volume, algorithm: int, pulse: Pulse) -> None:
        """See `Backend.wipe`."""
        if _kind_of(_parts(context, pool), pool, volume) == "extended":
            refuse(f"cannot wipe extended partition '{volume.path}'")
        super().wipe(context, pool, volume, algorithm, pulse)


def _device(pool: Pool) -> str:
    return pool.source.devices[0].path


def _table(pool: Pool) -> str:
    return "dos" if pool.source.format_ in (None, "unknown") else pool.source.format_


def _require_device(context: Context, pool: Pool) -> None:
    device = _device(pool)
    if not context.io(lambda: os.path.exists(device)):
        raise VirtError(ErrorCode.INVALID_ARG, f"device path '{device}' doesn't exist", ErrorDomain.STORAGE)


def _node(pool: Pool, number: int) -> str:
    """The kernel's name for a partition: a `p` stands between two digits."""
    device = _device(pool)
    real = device if device.startswith("/dev/mapper/") else os.path.realpath(device)
    separate = real[-1:].isdigit() or (
        device.startswith("/dev/mapper/") and bool(pool.source.devices[0].part_separator)
    )
    return f"{real}{'p' if separate else ''}{number}"


def _path(pool: Pool, name: str) -> str:
    return os.path.join("/dev", name)


def _stable(pool: Pool, node: str) -> str:
    """The link in the pool's folder that leads to a device; the device itself if there is none."""
    folder = pool.path
    if not folder.startswith("/dev/"):
        return node
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.is_symlink() and os.path.realpath(entry.path) == node:
                return entry.path
    return node


def _volume(context: Context, pool: Pool, part: Part) -> Volume:
    node = _node(pool, part.number)
    path, name = _stable(pool, node), os.path.basename(node)
    extent = VolumeExtent(start=part.start, end=part.end)
    devices = (VolumeDevice(path=_device(pool), extents=(extent,)),)
    if part.kind == "extended":
        target = VolumeTarget(path=path, format_="extended")
        size = part.end - part.start
        return Volume(type="block", name=name, key=path, capacity=size, devices=devices, target=target)
    seen = device_volume(context, name, path)
    return seen.replace(devices=devices, target=seen.target.replace(format_="none"))


def _kind_of(parts: list[Part], pool: Pool, volume: Volume) -> str:
    kinds = {os.path.basename(_node(pool, part.number)): part.kind for part in parts if part.number}
    return kinds.get(volume.name, "normal")


def _with_free(pool: Pool, free: list[Part]) -> PoolSource:
    extents = tuple(Extent(start=part.start, end=part.end) for part in free)
    first, *others = pool.source.devices
    return pool.source.replace(devices=(first.replace(free=extents), *others))


def _parts(context: Context, pool: Pool) -> list[Part]:
    """The partitions and the free room of a disk, in order."""
    device = _device(pool)
    argv = ["parted", "--script", "--machine", device, "unit", "B", "print", "free"]
    lines = context.programs.run(argv, env={"LC_ALL": "C"}).decode(errors="replace").splitlines()
    rows = [line.rstrip(";").split(":") for line in lines[2:]]
    extended = _extended(context, device) if _table(pool) == "dos" else None
    found = [_part(row, extended) for row in rows if len(row) >= 5]
    outer = next((part for part in found if part.kind == "extended"), None)
    return [_inside(part, outer) for part in found]


def _part(row: list[str], extended: int | None) -> Part:
    start, end = int(row[1].rstrip("B")), int(row[2].rstrip("B")) + 1
    if row[4] == "free":
        return Part(0, max(start, SECTOR), end, "normal")
    number = int(row[0])
    return Part(number, start, end, "extended" if number == extended else "normal")


def _inside(part: Part, outer: Part | None) -> Part:
    """What lies in an extended partition is logical."""
    if outer is None or part is outer or not outer.start <= part.start < outer.end:
        return part
    return part._replace(kind="logical")


def _extended(context: Context, device: str) -> int | None:
    """The number of the extended partition, which parted tells people alone."""
    printed = context.programs.run(["parted", "--script", device, "unit", "B", "print"], env={"LC_ALL": "C"})
    found = re.search(rb"^\s*(\d+)\s+\d+B\s+\d+B\s+\d+B\s+extended", printed, re.M)
    return int(found[1]) if found else None


def _is_logical_next(pool: Pool, parts: list[Part]) -> bool:
    """Whether a new partition has to be a logical one, since all primary ones are in use."""
    primaries = [part for part in parts if part.number and part.kind != "logical"]
    return _table(pool) == "dos" and len(primaries) >= PRIMARIES


def _kind_to_make(pool: Pool, volume: Volume, parts: list[Part]) -> str:
    """What kind of partition parted is to make."""
    if _table(pool) != "dos":
        return "primary"
    content = CONTENTS[volume.target.format_ or "none"]
    has_extended = any(part.kind == "extended" for part in parts)
    if content == "extended":
        if has_extended:
            raise internal("extended partition already exists")
        return content
    if not _is_logical_next(pool, parts):
        return f"primary {content}"
    if not has_extended:
        raise internal("no extended partition found and no primary partition available")
    return f"logical {content}"


def _room(context: Context, pool: Pool, size: int, parts: list[Part]) -> tuple[int, int]:
    """The first and the last byte of a new partition: in the smallest free room that is large enough.

    A dos table's partitions end at the end of a cylinder.
    """
    dos, logical = _table(pool) == "dos", _is_logical_next(pool, parts)
    cylinder = _cylinder(context, _device(pool)) if dos else 1
    spare = cylinder - size % cylinder if dos else 0
    best: tuple[int, int, int] | None = None
    for part in parts:
        if part.number or (part.kind == "logical") is not logical:
            continue
        room = part.end - part.start - (SECTOR if dos and logical else 0)
        needed = size + spare + (cylinder if dos and part.start % cylinder > spare else 0)
        if room > needed and (best is None or room < best[0]):
            best = (room, part.start, needed)
    if best is None:
        raise internal("no large enough free extent")
    _, start, needed = best
    start += SECTOR if logical else 0
    return start, start + needed - (start % cylinder if dos else 0) - 1


def _cylinder(context: Context, device: str) -> int:
    """The size of a disk's cylinder, in bytes."""
    argv = ["parted", "--script", "--machine", device, "unit", "chs", "print"]
    printed = context.programs.run(argv, env={"LC_ALL": "C"}).decode(errors="replace")
    found = re.search(r"^(\d+):(\d+):(\d+)", printed, re.M)
    return int(found[2]) * int(found[3]) * SECTOR if found else 255 * 63 * SECTOR


def _remove(context: Context, pool: Pool, number: int) -> None:
    context.programs.run(["parted", _device(pool), "rm", "--script", str(number)])
    settle(context)
