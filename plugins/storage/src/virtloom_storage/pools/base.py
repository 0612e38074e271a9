"""What all parts of the driver stand on: the pools, how one is found, and how its snapshot follows its state."""

from __future__ import annotations

from typing import Any

from virtloom.driver import DriverHost, EventFamily, StorageDriver
from virtloom.driver.handles import StoragePoolHandle
from virtloom.driver.resources.collection import Noun, Resources
from virtloom.driver.resources.recovery import ResourceRecovery
from virtloom.driver.work.lanes import Lane
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.backends.registry import Backends
from virtloom_storage.context import Context
from virtloom_storage.images.prober import Prober
from virtloom_storage.leases import Leases
from virtloom_storage.object_types import LAYOUT, POOL, VOLUME
from virtloom_storage.pools.state import Entry, PoolState, View
from virtloom_storage.pools.unfinished import Unfinished
from virtloom_storage.programs import Programs
from virtloom_storage.secrets import Secrets

POOL_NOUN = Noun("storage pool", "pool", ErrorCode.NO_STORAGE_POOL, ErrorDomain.STORAGE)


class PoolsBase(ResourceRecovery[PoolState], StorageDriver):
    """The collection of pools and the means of all of them.

    :param host: what the daemon gives to the plugin.
    """

    def __init__(self, host: DriverHost) -> None:
        self.pools: Resources[PoolState] = Resources(host.locks, POOL, POOL_NOUN)
        super().__init__(host, self.pools)
        self.events = self._source = host.events
        self.backends = Backends()
        self.leases = Leases(host.locks)
        self._unfinished = Unfinished(host.dirs.state / "unfinished")
        self._programs = Programs(host)
        self._secrets = Secrets(host, host.dirs.runtime / "secrets")
        self._prober = Prober(self._programs, float(host.config["probe_deadline"]))

    def _context(self, name: str) -> Context:
        """The means of a new pool."""
        lane = Lane(f"pool '{name}'", self.host.locks, self.host.waiting, int(self.host.config["io_threads"]))
        deadline = float(self.host.config["io_deadline"])
        layout: Guarded[None] = self.host.locks.guard(LAYOUT, name, None)
        return Context(lane, self._programs, self._secrets, self._prober, deadline, layout, self._is_volume)

    def _is_volume(self, path: str) -> bool:
        return any(entry.volume.path == path for view in self.pools.views() for entry in view.volumes.values())

    def _view(self, pool: StoragePoolHandle, *, active: bool = False) -> View:
        """A pool as it was at its last change; takes no lock of the pool's.

        :param active: whether it must be active.
        :raises VirtError: NO_STORAGE_POOL, OPERATION_INVALID.
        """
        view: View = self.pools.need(pool).published
        if active:
            require_active(view)
        return view

    def _entry(self, pool: Guarded[PoolState], volume: Volume, made_at: str | None = None) -> Entry:
        """A volume as a pool keeps it. :param made_at: where it is while it is being made."""
        turn: Guarded[None] = self.host.locks.guard(VOLUME, f"{pool.label}/{volume.name}", None)
        return Entry(volume, turn, made_at)

    def _emit(self, definition: Pool, number: int, payload: tuple[Any, ...] = ()) -> None:
        """Tell of an event; under the pool's lock, so that events have the order of changes."""
        handle = StoragePoolHandle(definition.name, definition.uuid)
        self._source.emit(EventFamily.STORAGE_POOL, number, handle, payload)


def no_pool(detail: str) -> VirtError:
    """The error for a pool that there is not."""
    return VirtError(ErrorCode.NO_STORAGE_POOL, detail, ErrorDomain.STORAGE)


def invalid(detail: str) -> VirtError:
    """An OPERATION_INVALID of the storage driver."""
    return VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.STORAGE)


def require_active(pool: View | PoolState) -> None:
    """Refuse a pool that is not active.

    :raises VirtError: OPERATION_INVALID.
    """
    if not pool.active:
        raise invalid(f"storage pool '{pool.definition.name}' is not active")


def require_inactive(pool: View | PoolState) -> None:
    """Refuse a pool that is active, for what needs it at rest.

    :raises VirtError: OPERATION_INVALID.
    """
    if pool.active:
        raise invalid(f"storage pool '{pool.definition.name}' is still active")


def refuse_claims(state: PoolState) -> None:
    """Refuse to stop a pool while something is done in it.

    :raises VirtError: INTERNAL_ERROR, as libvirt has it, that names the volume and the client.
    """
    if state.claims:
        what = "; ".join(str(claim) for claim in state.claims[:3])
        detail = f"pool '{state.definition.name}' has asynchronous jobs running: {what}"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.STORAGE)
