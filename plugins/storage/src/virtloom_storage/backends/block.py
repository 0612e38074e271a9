"""Volumes that are block devices, as logical, disk, iscsi, scsi, mpath and zfs pools have them."""

from __future__ import annotations

import os
import time

from virtloom.driver.flags import check_flags
from virtloom.errors import VirtError
from virtloom.xmldef.storage.permissions import Permissions
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.refusal import unsupported
from virtloom.xmldef.storage.volume import Volume, VolumeTarget
from virtloom_storage.backends.base import Making
from virtloom_storage.backends.paths import PathVolumes
from virtloom_storage.context import Context
from virtloom_storage.images import raw
from virtloom_storage.images.image import make_image
from virtloom_storage.images.inspect import Found, look, permissions, timestamps
from virtloom_storage.images.raw import failed
from virtloom_storage.programs import find

DEFAULT_MODE = 0o600
LUKS_HEADER = 2 << 20  # bytes that encryption may take besides the data
NODE_WITHIN = 5.0  # seconds for a device's node to appear
PREALLOCATE, REFLINK = 1, 2  # of `virStorageVolCreateFlags`


class BlockVolumes(PathVolumes):
    """Pools whose volumes are block devices."""


def settle(context: Context) -> None:
    """Wait until udev has made the nodes of new devices (udevadm(8)); without udev the kernel makes them itself."""
    if find("udevadm") is not None:
        context.programs.attempt(["udevadm", "settle", "--timeout=10"], deadline=15)


def device_volume(context: Context, name: str, path: str, key: str | None = None) -> Volume:
    """A volume that is a block device, with its size, owner and times.

    :raises VirtError: if the device is not there, or its node does not appear in time.
    """
    seen = _seen(context, path)
    blank = Volume(type="block", name=name, key=key or path)
    return with_figures(blank, path, seen)


def _seen(context: Context, path: str) -> Found:
    deadline = time.monotonic() + NODE_WITHIN
    while True:
        try:
            return context.io(lambda: look(path))
        except VirtError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)


def with_figures(volume: Volume, path: str, seen: Found) -> Volume:
    """A volume with what a look at its device told."""
    target = (volume.target or VolumeTarget()).replace(
        path=path, permissions=permissions(seen), timestamps=timestamps(seen)
    )
    return volume.replace(capacity=seen.size, allocation=seen.size, physical=seen.size, target=target)


def fill(context: Context, pool: Pool, making: Making) -> None:
    """Put into a device that was just made what it is to hold: a copy, or an encrypted volume's header."""
    volume, source = making.volume, making.source
    if source is not None and _needs_conversion(source, volume):
        check_flags(making.flags, PREALLOCATE, "storageBackendCreateQemuImg")
        make_image(context, pool, making)
    elif source is not None:
        check_flags(making.flags, PREALLOCATE | REFLINK, "storageBackendCreateBlockFrom")
        if making.flags & PREALLOCATE:
            raise unsupported("metadata preallocation is not supported for block volumes")
        context.io(lambda: _copy(making, source), f"cannot create path '{volume.path}'", making.pulse)
    elif volume.target.encryption is not None:
        make_image(context, pool, making)


def _needs_conversion(source: Volume, volume: Volume) -> bool:
    is_raw = source.target.format_ in (None, "raw") and source.target.encryption is None
    return (source.type == "file" and not is_raw) or volume.target.encryption is not None


def _copy(making: Making, source: Volume) -> None:
    try:
        with raw.opened(source.path, os.O_RDONLY) as origin, raw.opened(making.volume.path, os.O_RDWR) as target:
            if making.flags & REFLINK:
                raw.reflink(origin, target, source.path)
            else:
                raw.copy(origin, target, source.capacity, making.pulse, keep_holes=False)
                os.fdatasync(target)
    except OSError as error:
        raise failed(error, f"could not open input path '{source.path}'") from error


def own(context: Context, volume: Volume) -> None:
    """Give a device's node its owner and mode."""
    wanted = volume.target.permissions or Permissions()

    def change() -> None:
        if wanted.owner is not None or wanted.group is not None:
            owner, group = (-1 if one is None else one for one in (wanted.owner, wanted.group))
            os.chown(volume.path, owner, group)
        os.chmod(volume.path, DEFAULT_MODE if wanted.mode is None else wanted.mode)

    context.io(change, f"cannot set file owner '{volume.path}'")


def check_encryption(volume: Volume) -> None:
    """Refuse encryption that a block device cannot have.

    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    encryption = volume.target.encryption
    if encryption is not None and encryption.format_ != "luks":
        raise unsupported("storage pool only supports LUKS encrypted volumes")


def summed(pool: Pool, volumes: list[Volume]) -> Pool:
    """A pool that is as large as all its volumes, and full."""
    capacity = sum(volume.capacity for volume in volumes)
    allocation = sum(volume.allocation for volume in volumes)
    return pool.replace(capacity=capacity, allocation=allocation, available=0)
