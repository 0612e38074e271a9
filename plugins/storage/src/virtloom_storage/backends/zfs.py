"""Pools that are ZFS pools or file systems; their volumes are zvols (libvirt's storage_backend_zfs.c, zfs(8))."""

from __future__ import annotations

import os
from contextlib import suppress

from virtloom.driver.flags import check_flags
from virtloom.errors import VirtError
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.refusal import unsupported
from virtloom.xmldef.storage.volume import Volume, VolumeTarget
from virtloom_storage.backends.base import Making, Scan, refuse
from virtloom_storage.backends.block import BlockVolumes
from virtloom_storage.context import Context
from virtloom_storage.images.volume import internal

SIZES = {"free": "available", "size": "capacity", "allocated": "allocation"}


class Zfs(BlockVolumes):
    """A ZFS pool, or a file system in one."""

    type = "zfs"
    tools = ("zfs", "zpool")
    is_optional = True
    tracks_sizes = False

    def is_active(self, context: Context, pool: Pool) -> bool:
        """See `Backend.is_active`."""
        return os.path.isdir(f"/dev/zvol/{_name(pool)}")

    def build(self, context: Context, pool: Pool, flags: int) -> None:
        """See `Backend.build`."""
        check_flags(flags, 0, "virStorageBackendZFSBuildPool")
        name = _name(pool)
        if "/" in name:
            context.programs.run(["zfs", "create", "-o", "mountpoint=none", name])
            return
        if not pool.source.devices:
            raise unsupported("missing source devices")
        context.programs.run(["zpool", "create", name, *(device.path for device in pool.source.devices)])

    def delete(self, context: Context, pool: Pool, flags: int) -> None:
        """See `Backend.delete`."""
        check_flags(flags, 0, "virStorageBackendZFSDeletePool")
        name = _name(pool)
        context.programs.run(["zfs", "destroy", "-r", name] if "/" in name else ["zpool", "destroy", name])

    def refresh(self, context: Context, pool: Pool) -> Scan:
        """See `Backend.refresh`."""
        whole = _name(pool).partition("/")[0]
        printed = context.programs.run(["zpool", "get", "-Hp", "health,size,free,allocated", whole])
        rows = [line.split("\t") for line in printed.decode(errors="replace").splitlines()]
        sizes = {SIZES[row[1]]: int(row[2]) for row in rows if len(row) == 4 and row[1] in SIZES}
        return Scan(pool.replace(**sizes), {volume.name: volume for volume in _volumes(context, pool)})

    def place(self, context: Context, pool: Pool, volume: Volume) -> Volume:
        """See `Backend.place`."""
        if volume.target.encryption is not None:
            raise unsupported("storage pool does not support encrypted volumes")
        path = f"{pool.path}/{volume.name}"
        return volume.replace(type="block", key=path, target=volume.target.replace(path=path))

    def make(self, context: Context, pool: Pool, making: Making) -> Volume:
        """See `Backend.make`."""
        if making.source is not None:
            refuse("storage pool does not support volume creation from an existing volume")
        volume = making.volume
        options = ["-o", "volmode=dev"] if _has_volmode(context) else []
        if volume.capacity != volume.allocation:
            reserved = f"refreservation={-(-volume.allocation // 1024)}K"
            options += ["-s", *(["-o", reserved] if volume.allocation else [])]
        size = f"{-(-volume.capacity // 1024)}K"
        context.programs.run(["zfs", "create", *options, "-V", size, f"{_name(pool)}/{volume.name}"])
        try:
            made = next((one for one in _volumes(context, pool) if one.name == volume.name), None)
            if made is None:
                raise internal(f"cannot find newly created volume '{volume.path}'")
        except BaseException:
            with suppress(VirtError):
                self.remove(context, pool, volume, 0)
            raise
        return made.replace(key=volume.key)

    def remove(self, context: Context, pool: Pool, volume: Volume, flags: int) -> None:
        """See `Backend.remove`."""
        check_flags(flags, 0, "virStorageBackendZFSDeleteVol")
        context.programs.run(["zfs", "destroy", f"{_name(pool)}/{volume.name}"])


def _name(pool: Pool) -> str:
    return pool.source.name or pool.name


def _has_volmode(context: Context) -> bool:
    """Whether this ZFS knows the property `volmode`: `zfs get` without arguments lists all that there are."""
    finished = context.programs.attempt(["zfs", "get"], deadline=30, env={"LC_ALL": "C"})
    return b" volmode " in finished.stderr


def _volumes(context: Context, pool: Pool) -> list[Volume]:
    argv = ["zfs", "list", "-Hp", "-t", "volume", "-r", "-o", "name,volsize,refreservation", _name(pool)]
    rows = [line.split("\t") for line in context.programs.run(argv).decode(errors="replace").splitlines()]
    return [_volume(pool, *row) for row in rows if len(row) == 3 and row[1].isdecimal()]


def _volume(pool: Pool, full: str, size: str, reserved: str) -> Volume:
    name = full.rpartition("/")[2]
    allocation = int(reserved) if reserved.isdecimal() else 0
    target = VolumeTarget(path=f"{pool.path}/{name}")
    return Volume(type="block", name=name, key=full, capacity=int(size), allocation=allocation, target=target)
