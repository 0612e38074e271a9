"""Giving volumes another size, and wiping them."""

from __future__ import annotations

from virtloom.driver.constants.storage import StorageVolResizeFlags as Resize
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import StorageVolHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.images.wiping import ALGORITHMS
from virtloom_storage.pools.state import PoolState
from virtloom_storage.volumes.work import VolumeWork, Work

RESIZE_FLAGS = Resize.ALLOCATE | Resize.DELTA | Resize.SHRINK


class VolumeChanges(VolumeWork):
    """Resizing and wiping."""

    def storage_vol_resize(self, vol: StorageVolHandle, capacity: int, flags: int) -> None:
        """`virStorageVolResize`"""
        check_flags(flags, RESIZE_FLAGS, "storageVolResize")
        with self._working(vol) as work:
            volume, pool = work.entry.volume, work.view.definition
            size = _absolute(volume, capacity, flags)
            _check_size(volume, size, flags)
            more = size - volume.allocation if flags & Resize.ALLOCATE else 0
            if more > pool.available:
                detail = "Not enough space left in storage pool"
                raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.STORAGE)
            work.backend.resize(work.view.context, pool, volume, size, flags & ~Resize.DELTA, work.claim.pulse)
            changed = volume.replace(capacity=size)
            if flags & Resize.ALLOCATE:
                changed = changed.replace(allocation=size)
            self._replace(work, changed, more)

    def _replace(self, work: Work, volume: Volume, more: int) -> None:
        """Put a changed volume into its pool.

        :param more: bytes more that it takes.
        """
        with self._changing(work.pool) as state:
            _put(state, work, volume)
            state.use(more)

    def storage_vol_wipe_pattern(self, vol: StorageVolHandle, algorithm: int, flags: int) -> None:
        """`virStorageVolWipePattern`"""
        check_flags(flags, 0, "storageVolWipePattern")
        if algorithm >= len(ALGORITHMS):
            detail = f"wiping algorithm {algorithm} not supported"
            raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.STORAGE)
        with self._working(vol) as work:
            context, pool, volume = work.view.context, work.view.definition, work.entry.volume
            work.backend.wipe(context, pool, volume, algorithm, work.claim.pulse)
            seen = work.backend.look_anew(context, pool, volume)
            self._replace(work, seen, seen.allocation - volume.allocation)


def _put(state: PoolState, work: Work, volume: Volume) -> None:
    if volume.name in state.volumes:
        state.put(work.entry._replace(volume=volume))


def _absolute(volume: Volume, capacity: int, flags: int) -> int:
    """The size that is asked for, in bytes."""
    if not flags & Resize.DELTA:
        return capacity
    return max(0, volume.capacity - capacity) if flags & Resize.SHRINK else volume.capacity + capacity


def _check_size(volume: Volume, size: int, flags: int) -> None:
    if size < volume.allocation:
        raise _refused("can't shrink capacity below existing allocation")
    if size < volume.capacity and not flags & Resize.SHRINK:
        raise _refused("Can't shrink capacity below current capacity unless shrink flag explicitly specified")


def _refused(detail: str) -> VirtError:
    return VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.STORAGE)
