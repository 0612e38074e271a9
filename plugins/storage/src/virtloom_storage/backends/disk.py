"""Pools that are disks; their volumes are partitions (libvirt: storage_backend_disk.c)."""

from __future__ import annotations

import os
import re
from contextlib import suppress

from virtloom.driver.flags import check_flags
from virtloom.driver.work.lanes import Pulse
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import JobKind
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
from virtloom_storage.backends.partitions import (
    PARTED,
    Part,
    device_of,
    kind_to_make,
    next_number,
    parts_of,
    remove_part,
    room_for,
    table_of,
)
from virtloom_storage.backends.probing import check_empty, check_label
from virtloom_storage.context import Context
from virtloom_storage.images.volume import internal


class Disk(BlockVolumes):
    """A disk with a partition table."""

    type = "disk"
    tracks_sizes = False

    # The pool.

    def is_active(self, context: Context, pool: Pool) -> bool:
        """See `Backend.is_active`."""
        if not os.path.exists(device_of(pool)):
            return False
        check_label(context, device_of(pool), table_of(pool))
        return True

    def start(self, context: Context, pool: Pool) -> None:
        """See `Backend.start`."""
        settle(context)
        _require_device(context, pool)
        check_label(context, device_of(pool), table_of(pool))

    def build(self, context: Context, pool: Pool, flags: int) -> None:
        """See `Backend.build`."""
        check_flags(flags, OVERWRITE | NO_OVERWRITE, "virStorageBackendDiskBuildPool")
        check_exclusive(flags)
        device = device_of(pool)
        if not flags & OVERWRITE:
            check_empty(context, device, pool.source.format_ or "unknown")
        clear_table(context, device)
        table = table_of(pool)
        context.programs.run(["parted", device, "mklabel", "--script", PARTED.get(table, table)])

    def delete(self, context: Context, pool: Pool, flags: int) -> None:
        """See `Backend.delete`."""
        check_flags(flags, 0, "virStorageBackendDiskDeletePool")
        clear_table(context, device_of(pool))

    def refresh(self, context: Context, pool: Pool) -> Scan:
        """See `Backend.refresh`."""
        settle(context)
        _require_device(context, pool)
        parts = parts_of(context, pool)
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
            "source": _with_free(pool, free).replace(format_=table_of(pool)),
        }
        return Scan(pool.replace(**sizes), {volume.name: volume for volume in volumes})

    # Volumes.

    def place(self, context: Context, pool: Pool, volume: Volume) -> Volume:
        """See `Backend.place`: where it will be, the kernel says."""
        check_encryption(volume)
        target = volume.target.replace(path=_path(pool, volume.name))
        return volume.replace(type="block", key=target.path, target=target)

    def make(self, context: Context, pool: Pool, making: Making) -> Volume:
        """See `Backend.make`. A partition's name is the kernel's to give, so another one is refused."""
        with context.layout.job(JobKind.MODIFY):
            number = self._partition(context, pool, making.volume)
        try:
            return self._made(context, pool, making, number)
        except BaseException:
            with suppress(VirtError), context.layout.job(JobKind.MODIFY):
                remove_part(context, pool, number)
            raise

    def _partition(self, context: Context, pool: Pool, volume: Volume) -> int:
        """Make a partition; its number."""
        before = parts_of(context, pool)
        extra = LUKS_HEADER if volume.target.encryption is not None else 0
        kind = kind_to_make(pool, volume, before)
        start, end = room_for(context, pool, volume.capacity + extra, before)
        _check_name(pool, volume, next_number(kind, before))
        context.programs.run(["parted", device_of(pool), "mkpart", "--script", kind, f"{start}B", f"{end}B"])
        settle(context)
        known = {part.number for part in before}
        made = next((part.number for part in parts_of(context, pool) if part.number not in known), None)
        if made is None:
            raise internal(f"parted made no partition on '{device_of(pool)}'")
        return made

    def _made(self, context: Context, pool: Pool, making: Making, number: int) -> Volume:
        _check_name(pool, making.volume, number)
        part = next(part for part in parts_of(context, pool) if part.number == number)
        made = _volume(context, pool, part)
        target = making.volume.target.replace(path=made.path)
        fill(context, pool, making._replace(volume=making.volume.replace(target=target), path=made.path))
        return made.replace(target=made.target.replace(format_=making.volume.target.format_))

    def remove(self, context: Context, pool: Pool, volume: Volume, flags: int) -> None:
        """See `Backend.remove`."""
        check_flags(flags, 0, "virStorageBackendDiskDeleteVol")
        device = os.path.basename(os.path.realpath(device_of(pool)))
        name = os.path.basename(os.path.realpath(volume.path))
        if not name.startswith(device):
            raise internal(f"Volume path '{name}' did not start with parent pool source device name.")
        number = re.search(r"(\d+)$", name[len(device) :])
        if number is None:
            raise internal(f"cannot parse partition number from target '{name}'")
        with context.layout.job(JobKind.MODIFY):
            remove_part(context, pool, int(number[1]))

    def wipe(self, context: Context, pool: Pool, volume: Volume, algorithm: int, pulse: Pulse) -> None:
        """See `Backend.wipe`."""
        if _kind_of(parts_of(context, pool), pool, volume) == "extended":
            refuse(f"cannot wipe extended partition '{volume.path}'")
        super().wipe(context, pool, volume, algorithm, pulse)


def _check_name(pool: Pool, volume: Volume, number: int) -> None:
    """Refuse a volume that is not called as its partition will be, or is.

    :raises VirtError: INVALID_ARG.
    """
    name = os.path.basename(_node(pool, number))
    if volume.name != name:
        detail = f"invalid partition name '{volume.name}', expected '{name}'"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.STORAGE)


def _require_device(context: Context, pool: Pool) -> None:
    device = device_of(pool)
    if not context.io(lambda: os.path.exists(device)):
        raise VirtError(ErrorCode.INVALID_ARG, f"device path '{device}' doesn't exist", ErrorDomain.STORAGE)


def _node(pool: Pool, number: int) -> str:
    """The kernel's name for a partition: a `p` stands between two digits."""
    device = device_of(pool)
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
    devices = (VolumeDevice(path=device_of(pool), extents=(extent,)),)
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
