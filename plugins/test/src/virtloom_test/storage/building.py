"""Volumes that take their time to be made or wiped: they are there meanwhile, and nothing else is done to them.

Locks: a leaf lock for the table of what is being worked on; time passes with none held.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from virtloom.driver import EventSource
from virtloom.driver.handles import StoragePoolHandle, StorageVolHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Level
from virtloom_test.stage import Stage
from virtloom_test.storage.driver import TestStorage
from virtloom_test.time.work import Work


class WorkedStorage(TestStorage):
    """One host's pools, where work on volumes can be seen, gets in the way of other work, and is aborted."""

    def __init__(self, stage: Stage, events: EventSource) -> None:
        super().__init__(stage, events)
        self._table = stage.host.locks.lock("work on volumes", Level.LEAF)
        self._work: dict[tuple[str, str], Work] = {}  # by the names of pool and volume

    @contextmanager
    def working(self, kind: str, vol: StorageVolHandle, size: int) -> Iterator[None]:
        """Let the time of some work on a volume pass before the block.

        :param kind: of work, as `Tempo` knows them; :param size: in bytes, for the progress.
        :raises VirtError: OPERATION_ABORTED if it was aborted, OPERATION_INVALID if there is other work on it.
        """
        key, work = (vol.pool, vol.name), Work(f"{kind} work on volume '{vol.name}'")
        self.refuse_work(vol)
        with self._table:
            self._work[key] = work
        try:
            self._stage.tempo.pass_time(kind, work, size)
            yield
        finally:
            with self._table:
                self._work.pop(key, None)

    def refuse_work(self, vol: StorageVolHandle) -> None:
        """Refuse what cannot be done to a volume that is being worked on (`storageVolDelete` and its like).

        :raises VirtError: OPERATION_INVALID.
        """
        if (vol.pool, vol.name) in self._work:
            detail = f"volume '{vol.name}' is still being allocated."
            raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.STORAGE)

    def abort_work(self, pool: str, volume: str) -> None:
        """Abort the work on a volume.

        :raises VirtError: OPERATION_INVALID if there is none.
        """
        work = self._work.get((pool, volume))
        if work is None:
            raise VirtError(ErrorCode.OPERATION_INVALID, f"nothing is being done to the volume '{volume}' of '{pool}'")
        work.abort("canceled by the administrator")

    def _add(self, pool: StoragePoolHandle, xml: str, original: str | None) -> StorageVolHandle:
        handle = super()._add(pool, xml, original)
        if self._stage.tempo.seconds("volume"):
            try:
                with self.working("volume", handle, self._of(handle).allocation):
                    pass
            except VirtError:
                super().storage_vol_delete(handle, 0)
                raise
        return handle

    def storage_vol_get_info(self, vol: StorageVolHandle) -> tuple[int, int, int]:
        """`virStorageVolGetInfo`: what is allocated grows while a volume is made."""
        kind, capacity, allocation = super().storage_vol_get_info(vol)
        work = self._work.get((vol.pool, vol.name))
        return kind, capacity, allocation if work is None else work.done

    def storage_vol_delete(self, vol: StorageVolHandle, flags: int) -> None:
        """`virStorageVolDelete`"""
        self.refuse_work(vol)
        super().storage_vol_delete(vol, flags)

    def _require_idle(self, pool: StoragePoolHandle) -> None:
        if any(name == pool.name for name, _ in tuple(self._work)):
            detail = f"pool '{pool.name}' has asynchronous jobs running."
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.STORAGE)

    def storage_pool_destroy(self, pool: StoragePoolHandle) -> None:
        """`virStoragePoolDestroy`"""
        self._require_idle(pool)
        super().storage_pool_destroy(pool)

    def storage_pool_refresh(self, pool: StoragePoolHandle, flags: int) -> None:
        """`virStoragePoolRefresh`"""
        self._require_idle(pool)
        super().storage_pool_refresh(pool, flags)
