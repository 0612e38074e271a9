"""Pools that are LVM volume groups.

Source: libvirt's storage_backend_logical.c and the manual pages of vgs(8), lvs(8), pvs(8), lvcreate(8).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress

from virtloom.driver.flags import check_flags
from virtloom.driver.work.lanes import Pulse
from virtloom.errors import VirtError
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.refusal import unsupported
from virtloom.xmldef.storage.source import Device
from virtloom.xmldef.storage.source import Source as PoolSource
from virtloom.xmldef.storage.volume import Volume, VolumeDevice, VolumeExtent, VolumeTarget
from virtloom_storage.backends.base import Making, Scan, refuse
from virtloom_storage.backends.block import (
    LUKS_HEADER,
    BlockVolumes,
    check_encryption,
    device_volume,
    fill,
    own,
    settle,
)
from virtloom_storage.backends.flags import NO_OVERWRITE, OVERWRITE, check_exclusive
from virtloom_storage.backends.probing import check_empty
from virtloom_storage.context import Context
from virtloom_storage.images import raw
from virtloom_storage.images.volume import internal

TABLE = 1 << 20  # bytes at both ends of a device that may hold a partition table
LVS_FIELDS = "lv_name,origin,uuid,devices,segtype,stripes,seg_size,vg_extent_size,size,lv_attr"
_UNITS = ("--noheadings", "--units", "b", "--unbuffered", "--nosuffix", "--options")
_SEPARATE_STRIPES = ("striped", "mirror", "raid")


class Logical(BlockVolumes):
    """A volume group; its volumes are logical volumes."""

    type = "logical"
    tracks_sizes = False

    # The pool.

    def is_active(self, context: Context, pool: Pool) -> bool:
        """See `Backend.is_active`."""
        if not os.path.exists(pool.path):
            return False
        self._check_source(context, pool)
        return True

    def start(self, context: Context, pool: Pool) -> None:
        """See `Backend.start`."""
        self._check_source(context, pool)
        context.programs.run(["vgchange", "-aly", _group(pool)])

    def stop(self, context: Context, pool: Pool) -> None:
        """See `Backend.stop`."""
        context.programs.run(["vgchange", "-aln", _group(pool)])

    def build(self, context: Context, pool: Pool, flags: int) -> None:
        """See `Backend.build`."""
        check_flags(flags, OVERWRITE | NO_OVERWRITE, "virStorageBackendLogicalBuildPool")
        check_exclusive(flags)
        devices = [device.path for device in pool.source.devices]
        made: list[str] = []
        try:
            for path in devices:
                if not flags & OVERWRITE:
                    check_empty(context, path, "LVM2_member")
                clear_table(context, path)
                context.programs.run(["pvcreate", path])
                made.append(path)
            context.programs.run(["vgcreate", _group(pool), *devices])
        except BaseException:
            _remove_devices(context, made)
            raise

    def delete(self, context: Context, pool: Pool, flags: int) -> None:
        """See `Backend.delete`."""
        check_flags(flags, 0, "virStorageBackendLogicalDeletePool")
        context.programs.run(["vgremove", "-f", _group(pool)])
        _remove_devices(context, [device.path for device in pool.source.devices])

    def refresh(self, context: Context, pool: Pool) -> Scan:
        """See `Backend.refresh`."""
        settle(context)
        volumes = {volume.name: volume for volume in _volumes(context, pool)}
        printed = context.programs.run(["vgs", "--separator", ":", *_UNITS, "vg_size,vg_free", _group(pool)])
        for line in printed.decode(errors="replace").splitlines():
            if found := re.match(r"\s*(\d+):(\d+):?\s*$", line):
                capacity, available = int(found[1]), int(found[2])
                sizes = {"capacity": capacity, "available": available, "allocation": capacity - available}
                return Scan(pool.replace(**sizes), volumes)
        raise internal(f"vgs printed no sizes of the volume group '{_group(pool)}'")

    def find_sources(self, context: Context, specification: PoolSource | None) -> list[PoolSource]:
        """See `Backend.find_sources`."""
        with suppress(VirtError):
            context.programs.attempt(["vgscan"], deadline=60)
        printed = context.programs.run(["pvs", "--noheadings", "-o", "pv_name,vg_name"])
        groups: dict[str, list[Device]] = {}
        for line in printed.decode(errors="replace").splitlines():
            if found := re.match(r"\s*(\S+)\s+(\S+)\s*$", line):
                groups.setdefault(found[2], []).append(Device(path=found[1]))
        return [PoolSource(devices=tuple(devices), name=name, format_="lvm2") for name, devices in groups.items()]

    def _check_source(self, context: Context, pool: Pool) -> None:
        """Refuse a volume group that is not there, or is another one than was meant."""
        found = next((one for one in self.find_sources(context, None) if one.name == _group(pool)), None)
        if found is None:
            raise unsupported(f"cannot find logical volume group name '{_group(pool)}'")
        wanted = {device.path for device in pool.source.devices}
        if wanted and not wanted & {device.path for device in found.devices}:
            what = "cannot find any matching source devices for logical volume group"
            raise unsupported(f"{what} '{_group(pool)}'")

    # Volumes.

    def place(self, context: Context, pool: Pool, volume: Volume) -> Volume:
        """See `Backend.place`."""
        check_encryption(volume)
        return volume.replace(type="block", target=volume.target.replace(path=f"{pool.path}/{volume.name}"))

    def make(self, context: Context, pool: Pool, making: Making) -> Volume:
        """See `Backend.make`."""
        volume = making.volume
        context.programs.run(_creation(pool, volume))
        try:
            settle(context)
            own(context, volume)
            made = next((one for one in _volumes(context, pool) if one.name == volume.name), None)
            if made is None:
                raise internal(f"cannot find newly created volume '{volume.path}'")
            fill(context, pool, making)
        except BaseException:
            with suppress(VirtError):
                self.remove(context, pool, volume, 0)
            raise
        return made

    def remove(self, context: Context, pool: Pool, volume: Volume, flags: int) -> None:
        """See `Backend.remove`."""
        check_flags(flags, 0, "virStorageBackendLogicalDeleteVol")
        settle(context)
        try:
            context.programs.run(["lvremove", "-f", volume.path])
        except VirtError:
            context.programs.run(["lvchange", "-aln", volume.path])
            context.programs.run(["lvremove", "-f", volume.path])

    def wipe(self, context: Context, pool: Pool, volume: Volume, algorithm: int, pulse: Pulse) -> None:
        """See `Backend.wipe`: a sparse volume would fill up and become inactive."""
        if volume.allocation < volume.capacity:
            refuse(f"logical volume '{volume.path}' is sparse, volume wipe not supported")
        super().wipe(context, pool, volume, algorithm, pulse)


def clear_table(context: Context, path: str) -> None:
    """Overwrite what may be a partition table, at both ends of a device."""
    pulse = Pulse()
    context.io(lambda: raw.clear_ends(path, TABLE, pulse), "", pulse)


def _group(pool: Pool) -> str:
    return pool.source.name or pool.name


def _remove_devices(context: Context, paths: list[str]) -> None:
    for path in paths:
        with suppress(VirtError):
            context.programs.run(["pvremove", path])


def _creation(pool: Pool, volume: Volume) -> list[str]:
    argv = ["lvcreate", "--name", volume.name, "-L"]
    if volume.capacity != volume.allocation:
        argv += [f"{-(-(volume.allocation or 1) // 1024)}K", "--type", "snapshot", "--virtualsize"]
    capacity = volume.capacity + (LUKS_HEADER if volume.target.encryption is not None else 0)
    argv.append(f"{-(-capacity // 1024)}K")
    argv += ["-s", volume.backing.path or ""] if volume.backing is not None else [_group(pool)]
    return [*argv, "--yes"]


def _volumes(context: Context, pool: Pool) -> Iterator[Volume]:
    """The logical volumes of a group that are active; one of several segments has several lines."""
    printed = context.programs.run(["lvs", "--separator", "#", *_UNITS, LVS_FIELDS, _group(pool)])
    rows = [line.strip().rstrip("#").split("#") for line in printed.decode(errors="replace").splitlines()]
    segments: dict[str, list[list[str]]] = {}
    for row in rows:
        if len(row) == 10 and row[9][4:5] == "a" and not row[9].startswith("t"):
            segments.setdefault(row[0], []).append(row)
    for name, lines in segments.items():
        yield _volume(context, pool, name, lines)


def _volume(context: Context, pool: Pool, name: str, lines: list[list[str]]) -> Volume:
    row = lines[0]
    seen = device_volume(context, name, f"{pool.path}/{name}", row[2])
    origin = row[1] if row[1] and not row[1].startswith("[") else None
    try:
        devices = _devices([extent for line in lines for extent in _extents(line)])
        allocation = int(row[8])
    except ValueError:
        raise internal("malformed volume extent devices value") from None
    backing = None if origin is None else VolumeTarget(path=f"{pool.path}/{origin}")
    return seen.replace(allocation=allocation, devices=devices, backing=backing)


def _extents(row: list[str]) -> Iterator[tuple[str, int, int]]:
    """The parts of devices that one segment has."""
    striped = row[4].startswith(_SEPARATE_STRIPES)
    count = int(row[5]) if striped else 1
    length, size = int(row[6]), int(row[7])
    places = re.findall(r"([^,()]+)\((\d+)\)", row[3])[:count]
    if len(places) < count:
        raise ValueError(row[3])
    for path, offset in places:
        yield path, int(offset) * size, int(offset) * size + length


def _devices(extents: list[tuple[str, int, int]]) -> tuple[VolumeDevice, ...]:
    devices: list[VolumeDevice] = []
    for path, start, end in extents:
        extent = VolumeExtent(start=start, end=end)
        if devices and devices[-1].path == path:
            devices[-1] = devices[-1].replace(extents=(*devices[-1].extents, extent))
        else:
            devices.append(VolumeDevice(path=path, extents=(extent,)))
    return tuple(devices)
