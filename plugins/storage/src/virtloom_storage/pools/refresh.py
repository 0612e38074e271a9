"""Looking at a pool's storage anew, beside everything that goes on in it; what was found is swapped in at once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from virtloom.driver.constants.storage import StoragePoolEventID as EventID
from virtloom.driver.constants.storage import StoragePoolEventLifecycle as Event
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import StoragePoolHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.backends.base import Scan
from virtloom_storage.context import Context
from virtloom_storage.pools.base import PoolsBase, require_active
from virtloom_storage.pools.state import Entries, PoolState


class PoolRefresh(PoolsBase):
    """Refreshing."""

    def storage_pool_refresh(self, pool: StoragePoolHandle, flags: int) -> None:
        """`virStoragePoolRefresh`"""
        check_flags(flags, 0, "storagePoolRefresh")
        found = self.pools.need(pool)
        with self._step(found):
            self._refresh(found)

    def _refresh(self, pool: Guarded[PoolState]) -> None:
        """Refresh a pool, under a job on it. One whose storage has gone is stopped, as libvirt does."""
        with pool.locked() as state:
            require_active(state)
            state.touched = frozenset()
            definition, context = state.definition, state.context
        backend = self.backends.of(definition.type)
        try:
            scan = backend.refresh(context, definition)
        except BaseException as error:
            self._refresh_failed(pool, error)
            raise
        with self._changing(pool) as state:
            state.volumes = self._merged(pool, state, scan)
            state.definition, state.touched = scan.pool, None
            self._emit(state.definition, EventID.REFRESH)

    def _refresh_failed(self, pool: Guarded[PoolState], error: BaseException) -> None:
        """After a refresh that failed: a pool that merely does not answer, or is in use, stays as it was."""
        with self._changing(pool) as state:
            state.touched = None
            silent = not isinstance(error, VirtError) or error.code is ErrorCode.OPERATION_TIMEOUT
            if silent or state.claims:
                return
            definition, context = state.definition, state.context
            state.deactivate()
            self._emit(definition, EventID.LIFECYCLE, (Event.STOPPED, 0))
        self._stop_quietly(definition, context)

    def _stop_quietly(self, definition: Pool, context: Context) -> None:
        """Let go of storage after something failed, of which the client hears instead."""
        with suppress(VirtError):
            self._running.remove(definition.name)
        with suppress(VirtError):
            self.backends.of(definition.type).stop(context, definition)

    def _merged(self, pool: Guarded[PoolState], state: PoolState, scan: Scan) -> Entries:
        """What a scan found, less what has changed since it began: of that the pool knows better."""
        touched = state.touched or frozenset()
        kept = {name: entry for name, entry in state.volumes.items() if name in touched or entry.made_at is not None}
        seen = {name: volume for name, volume in scan.volumes.items() if name not in touched and name not in kept}
        return {**self._entries(pool, seen, state.volumes), **kept}

    def _entries(
        self, pool: Guarded[PoolState], volumes: Mapping[str, Volume], former: Entries | None = None
    ) -> Entries:
        """Volumes as a pool keeps them; those that it had keep their turns."""
        known = former or {}
        return {
            name: known[name]._replace(volume=volume) if name in known else self._entry(pool, volume)
            for name, volume in volumes.items()
        }
