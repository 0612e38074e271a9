"""Volumes that are files of a folder, as dir, fs and netfs pools have them.

A volume is made under a temporary name beside its own and renamed when it is whole and on the disk, so that after a
crash it is whole or absent; what is left of others is removed when the pool starts.

Source: libvirt's `virStorageBackendVol*Local` (storage/storage_util.c).
"""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack, suppress

from virtloom.driver.flags import check_flags
from virtloom.driver.work.lanes import Pulse
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.permissions import NOBODY, Permissions
from virtloom.xmldef.storage.pool import Pool, PoolTarget
from virtloom.xmldef.storage.refusal import unsupported
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.backends.base import Making, Scan, refuse
from virtloom_storage.backends.paths import PathVolumes
from virtloom_storage.context import Context
from virtloom_storage.images import raw
from virtloom_storage.images.image import make_image, resize_image
from virtloom_storage.images.inspect import UNFINISHED, NoVolume, scan
from virtloom_storage.images.raw import failed
from virtloom_storage.images.volume import found, internal, of_file, refreshed

DEFAULT_MODE = 0o600  # of a volume that says nothing of it
PREALLOCATE = 1  # VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA
REFLINK = 2  # VIR_STORAGE_VOL_CREATE_REFLINK
ALLOCATE = 1  # VIR_STORAGE_VOL_RESIZE_ALLOCATE


class LocalVolumes(PathVolumes):
    """Pools whose volumes are files of the folder that is their target."""

    def refresh(self, context: Context, pool: Pool) -> Scan:
        """See `Backend.refresh`."""
        pulse = Pulse()
        seen = context.io(lambda: scan(pool.path, pulse), pulse=pulse)
        volumes = {name: of_file(context, pool.path, name, file) for name, file in seen}
        return Scan(context.io(lambda: _sized(pool), f"cannot open path '{pool.path}'"), volumes)

    def place(self, context: Context, pool: Pool, volume: Volume) -> Volume:
        """See `Backend.place`."""
        if "/" in volume.name:
            detail = f"volume name '{volume.name}' cannot contain '/'"
            raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.STORAGE)
        path = f"{pool.path}/{volume.name}"
        if context.io(lambda: os.path.exists(path)):
            detail = f"volume target path '{path}' already exists"
            raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.STORAGE)
        type_ = {"dir": "dir", "ploop": "ploop"}.get(volume.target.format_ or "", "file")
        return volume.replace(type=type_, key=path, target=volume.target.replace(path=path))

    def making_path(self, volume: Volume) -> str:
        """See `Backend.making_path`."""
        return os.path.join(os.path.dirname(volume.path), UNFINISHED + uuid.uuid4().hex)

    def make(self, context: Context, pool: Pool, making: Making) -> Volume:
        """See `Backend.make`."""
        kind = _kind(making)
        try:
            if kind == "raw":
                _make_raw(context, making)
            elif kind == "dir":
                _make_folder(context, making)
            elif kind == "ploop":
                raise internal("unable to find ploop, please install ploop tools")
            else:
                check_flags(making.flags, PREALLOCATE, "storageBackendCreateQemuImg")
                make_image(context, pool, making)
            context.io(lambda: _settle(making), f"cannot create path '{making.volume.path}'")
        except BaseException:
            with suppress(VirtError):
                context.io(lambda: _discard(making.path))
            raise
        return refreshed(context, making.volume, declared=True)

    def look_at(self, context: Context, pool: Pool, volume: Volume, at: str | None = None) -> Volume:
        """See `Backend.look_at`."""
        return refreshed(context, volume, at)

    def look_anew(self, context: Context, pool: Pool, volume: Volume) -> Volume:
        """See `Backend.look_anew`."""
        try:
            return found(context, pool.path, volume.name)
        except NoVolume:
            return volume

    def remove(self, context: Context, pool: Pool, volume: Volume, flags: int) -> None:
        """See `Backend.remove`."""
        check_flags(flags, 0, "virStorageBackendVolDeleteLocal")
        what = "cannot remove directory" if volume.type == "dir" else "cannot unlink file"
        action = os.rmdir if volume.type == "dir" else os.unlink

        def removed() -> None:
            with suppress(FileNotFoundError):
                action(volume.path)

        context.io(removed, f"{what} '{volume.path}'")

    def resize(self, context: Context, pool: Pool, volume: Volume, capacity: int, flags: int, pulse: Pulse) -> None:
        """See `Backend.resize`."""
        allocate = bool(flags & ALLOCATE)
        encrypted = volume.target.encryption is not None
        if volume.target.format_ == "raw" and not encrypted:
            context.io(lambda: _resize_raw(volume.path, capacity, allocate, pulse), "", pulse)
            return
        if allocate:
            what = "an unencrypted raw volume" if encrypted and volume.target.format_ == "raw" else "raw type volume"
            detail = f"preallocate is only supported for {what}"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail, ErrorDomain.STORAGE)
        resize_image(context, volume, capacity, pulse)


def _sized(pool: Pool) -> Pool:
    """A pool with its file system's sizes and its folder's owner and mode."""
    status = os.stat(pool.path)
    sizes = os.statvfs(pool.path)
    capacity, available = sizes.f_frsize * sizes.f_blocks, sizes.f_frsize * sizes.f_bfree
    permissions = Permissions(mode=status.st_mode & 0o777, owner=status.st_uid, group=status.st_gid)
    return pool.replace(
        capacity=capacity,
        available=available,
        allocation=capacity - available,
        target=(pool.target or PoolTarget()).replace(permissions=permissions),
    )


def _kind(making: Making) -> str:
    """How a volume is to be made: raw, dir, ploop, or with qemu-img."""
    target, source = making.volume.target, making.source
    if source is not None and _needs_qemu_img(source):
        return "image"
    if target.format_ in ("dir", "ploop"):
        return target.format_
    return "image" if _needs_qemu_img(making.volume) else "raw"


def _needs_qemu_img(volume: Volume) -> bool:
    is_raw = volume.target.format_ == "raw" and volume.target.encryption is None
    return volume.type == "file" and not is_raw


def _make_raw(context: Context, making: Making) -> None:
    check_flags(making.flags, PREALLOCATE | REFLINK, "storageBackendCreateRaw")
    if making.flags & PREALLOCATE:
        raise unsupported("metadata preallocation is not supported for raw volumes")
    if making.volume.backing is not None:
        refuse("backing storage not supported for raw volumes")
    context.io(lambda: _write_raw(making), f"Failed to create file '{making.volume.path}'", making.pulse)


def _write_raw(making: Making) -> None:
    volume, source, pulse = making.volume, making.source, making.pulse
    descriptor = os.open(making.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, DEFAULT_MODE)
    with ExitStack() as stack:
        stack.callback(os.close, descriptor)
        _own(descriptor, volume.target.permissions)
        raw.extend(descriptor, volume.path, volume.capacity)
        if volume.allocation and (source is None or volume.allocation >= source.capacity):
            raw.reserve(descriptor, volume.path, 0, volume.allocation, pulse)
        if source is not None:
            _copy_into(descriptor, source, making)
        os.fsync(descriptor)


def _copy_into(descriptor: int, source: Volume, making: Making) -> None:
    try:
        with raw.opened(source.path, os.O_RDONLY) as origin:
            if making.flags & REFLINK:
                raw.reflink(origin, descriptor, source.path)
            else:
                raw.copy(origin, descriptor, source.capacity, making.pulse, keep_holes=True)
    except OSError as error:
        raise failed(error, f"could not open input path '{source.path}'") from error


def _own(descriptor: int, permissions: Permissions | None) -> None:
    """Give a new file its owner and mode."""
    wanted = permissions or Permissions()
    os.fchmod(descriptor, DEFAULT_MODE if wanted.mode is None else wanted.mode)
    if wanted.owner is not None or wanted.group is not None:
        os.fchown(descriptor, _id(wanted.owner), _id(wanted.group))


def _id(value: int | None) -> int:
    return -1 if value is None or value == NOBODY else value


def _make_folder(context: Context, making: Making) -> None:
    check_flags(making.flags, 0, "createFileDir")
    if making.source is not None:
        raise internal("cannot copy from volume to a directory volume")
    if making.volume.backing is not None:
        refuse("backing storage not supported for directories volumes")
    context.io(lambda: os.mkdir(making.path, DEFAULT_MODE), f"failed to create directory '{making.volume.path}'")


def _settle(making: Making) -> None:
    """Give what was made its owner, its mode and its name, on the disk."""
    with raw.opened(making.path, os.O_RDONLY) as descriptor:
        _own(descriptor, making.volume.target.permissions)
        os.fsync(descriptor)
    os.rename(making.path, making.volume.path)
    with raw.opened(os.path.dirname(making.path), os.O_RDONLY | os.O_DIRECTORY) as folder:
        os.fsync(folder)


def _discard(path: str) -> None:
    with suppress(OSError):
        os.rmdir(path) if os.path.isdir(path) else os.unlink(path)


def _resize_raw(path: str, capacity: int, allocate: bool, pulse: Pulse) -> None:
    try:
        with raw.opened(path, os.O_RDWR) as descriptor:
            if allocate:
                _reserve(descriptor, path, capacity, pulse)
            raw.extend(descriptor, path, capacity)
            os.fsync(descriptor)
    except OSError as error:
        raise failed(error, f"Unable to open '{path}'") from error


def _reserve(descriptor: int, path: str, capacity: int, pulse: Pulse) -> None:
    """Reserve room for all of a file, which keeps its size if there is not enough of it, or somebody ends the work."""
    size = os.fstat(descriptor).st_size
    try:
        raw.reserve(descriptor, path, 0, capacity, pulse)
    except BaseException:
        os.ftruncate(descriptor, size)
        raise


def remove_unfinished(folder: str) -> None:
    """Remove what is left of volumes that were being made when a daemon ended. Runs on a lane."""
    with suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(UNFINISHED):
                _discard(f"{folder}/{name}")
