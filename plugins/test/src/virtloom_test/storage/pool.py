"""A pool as it is kept: its definition, and the volumes in it."""

from __future__ import annotations

from virtloom.driver.handles import StorageVolHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.volume import Volume
from virtloom_test.resources.objects import Resource

CAPACITY = 100 << 30  # bytes of every test pool


class Content(dict[str, Volume]):
    """A pool's volumes by name; replaced whole when it changes."""


def require(state: Resource, active: bool | None) -> None:
    """Refuse a pool that does not run, or that does.

    :raises VirtError: OPERATION_INVALID.
    """
    if active is not None and state.active is not active:
        detail = f"storage pool '{state.handle.name}' is {'not active' if active else 'active'}"
        raise VirtError(ErrorCode.OPERATION_INVALID, detail)


def volume_in(state: Resource, name: str) -> Volume:
    """The volume of a name.

    :raises VirtError: NO_STORAGE_VOL.
    """
    volume: Volume | None = state.more[1].get(name)
    if volume is None:
        raise VirtError(ErrorCode.NO_STORAGE_VOL, f"no storage vol with matching name '{name}'")
    return volume


def volume_handle(view: Resource, volume: Volume) -> StorageVolHandle:
    """How clients name a volume."""
    return StorageVolHandle(view.handle.name, volume.name, volume.path)


def sized(pool: Pool) -> Pool:
    """A pool with the size that all test pools have."""
    return pool.replace(capacity=CAPACITY, allocation=0, available=CAPACITY)


def use_of(pool: Pool, more: int) -> Pool:
    """A pool with so many bytes more in use."""
    allocation = pool.allocation + more
    return pool.replace(allocation=allocation, available=pool.capacity - allocation)


def placed(volume: Volume, pool: Pool) -> Volume:
    """A volume with the path that it has in a pool."""
    path = f"{pool.path}/{volume.name}"
    return volume.replace(key=path, target=volume.target.replace(path=path))
