"""Making volumes, empty or as copies, and deleting them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from virtloom.driver.flags import check_flags
from virtloom.driver.handles import StoragePoolHandle, StorageVolHandle
from virtloom.driver.work.lanes import Pulse
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, JobKind
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.volume import Capacity, Volume, parse_volume
from virtloom_storage.backends.base import Backend, Making
from virtloom_storage.pools.base import require_active
from virtloom_storage.pools.state import Claim, Entry, PoolState, View
from virtloom_storage.volumes.work import VolumeWork, handle_of, new_claim, require_open

PREALLOCATE = 1  # VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA
REFLINK = 2  # VIR_STORAGE_VOL_CREATE_REFLINK
VALIDATE = 4  # VIR_STORAGE_VOL_CREATE_VALIDATE


class VolumeMaking(VolumeWork):
    """Creation and deletion."""

    def storage_vol_create_xml(self, pool: StoragePoolHandle, xml: str, flags: int) -> StorageVolHandle:
        """`virStorageVolCreateXML`"""
        check_flags(flags, PREALLOCATE | VALIDATE, "storageVolCreateXML")
        found = self.pools.need(pool)
        view = found.published
        require_active(view)
        backend = self.backends.of(view.definition.type)
        _refuse_validation(flags)
        volume = parse_volume(xml, view.definition.kind, Capacity.OPTIONAL_WITH_BACKING)
        if volume.name in view.volumes:
            raise VirtError(ErrorCode.STORAGE_VOL_EXIST, f"'{volume.name}'", ErrorDomain.STORAGE)
        placed = backend.place(view.context, view.definition, volume.replace(key=None))
        return self._make(found, backend, placed, None, flags)

    def storage_vol_create_xml_from(
        self, pool: StoragePoolHandle, xml: str, clonevol: StorageVolHandle, flags: int
    ) -> StorageVolHandle:
        """`virStorageVolCreateXMLFrom`: the original may be in another pool."""
        check_flags(flags, PREALLOCATE | REFLINK | VALIDATE, "storageVolCreateXMLFrom")
        found = self.pools.need(pool)
        view = found.published
        require_active(view)
        source = self._claimed_after_others(clonevol, exclusive=False)
        try:
            _refuse_validation(flags)
            original = source.backend.look_at(source.view.context, source.view.definition, source.entry.volume)
            volume = _as_large_as(parse_volume(xml, view.definition.kind, Capacity.OPTIONAL), original)
            if volume.name in view.volumes:
                detail = f"storage volume name '{volume.name}' already in use."
                raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.STORAGE)
            backend = self.backends.of(view.definition.type)
            placed = backend.place(view.context, view.definition, volume.replace(key=None))
            return self._make(found, backend, placed, original, flags)
        finally:
            self._unclaim(source.pool, source.claim)

    def _make(
        self, pool: Guarded[PoolState], backend: Backend, volume: Volume, source: Volume | None, flags: int
    ) -> StorageVolHandle:
        """Make a volume that was placed: it is seen at once, as one that is being made, and stays if it succeeds."""
        path = backend.making_path(volume)
        entry = self._entry(pool, volume, path)
        with entry.turn.job(JobKind.WORK) as job:
            view, claim = self._begin(pool, entry, Pulse(job))
            try:
                making = Making(volume, path, source, flags, claim.pulse)
                with self._noted(view.definition, making):
                    made = backend.make(view.context, view.definition, making)
            except BaseException:
                self._give_up(pool, entry, claim)
                raise
            kept = entry._replace(volume=made, made_at=None)
            self._keep(pool, backend, kept, claim)
        return handle_of(view, kept)

    def _noted(self, pool: Pool, making: Making) -> AbstractContextManager[None]:
        """Note a volume that has its own name before it is whole."""
        has_own_name = making.path == making.volume.path
        return self._unfinished.noted(pool, making.volume.name) if has_own_name else nullcontext()

    def _begin(self, pool: Guarded[PoolState], entry: Entry, pulse: Pulse) -> tuple[View, Claim]:
        name = entry.volume.name
        with self._changing(pool) as state:
            require_open(state)
            if name in state.volumes:
                raise VirtError(ErrorCode.STORAGE_VOL_EXIST, f"'{name}'", ErrorDomain.STORAGE)
            claim = new_claim(name, exclusive=True, pulse=pulse)
            state.claims = (*state.claims, claim)
            state.put(entry)
            return state.view(), claim

    def _give_up(self, pool: Guarded[PoolState], entry: Entry, claim: Claim) -> None:
        with entry.turn.locked():
            entry.turn.retire()
        with self._changing(pool) as state:
            state.drop(entry.volume.name)
            state.claims = tuple(other for other in state.claims if other is not claim)

    def _keep(self, pool: Guarded[PoolState], backend: Backend, entry: Entry, claim: Claim) -> None:
        with self._changing(pool) as state:
            state.put(entry)
            if backend.tracks_sizes:
                state.use(entry.volume.allocation)
            state.claims = tuple(other for other in state.claims if other is not claim)
        if not backend.tracks_sizes:
            self._resize_pool(pool, backend)

    def _resize_pool(self, pool: Guarded[PoolState], backend: Backend) -> None:
        """Learn a pool's sizes where they do not follow from its volumes'; what was done is done if that fails."""
        view = pool.published
        try:
            seen = backend.refresh(view.context, view.definition).pool
        except VirtError as error:
            self.host.log.warning("the sizes of storage pool %s are not known: %s", view.definition.name, error)
            return
        with self._changing(pool) as state:
            if state.active:  # and perhaps defined anew since it was looked at
                sizes = {"capacity": seen.capacity, "allocation": seen.allocation, "available": seen.available}
                state.definition = state.definition.replace(**sizes)

    def storage_vol_delete(self, vol: StorageVolHandle, flags: int) -> None:
        """`virStorageVolDelete`"""
        with self._working(vol) as work:
            volume = work.entry.volume
            work.backend.remove(work.view.context, work.view.definition, volume, flags)
            with work.entry.turn.locked():
                work.entry.turn.retire()
            with self._changing(work.pool) as state:
                state.drop(volume.name)
                if work.backend.tracks_sizes:
                    state.use(-volume.allocation)
            if not work.backend.tracks_sizes:
                self._resize_pool(work.pool, work.backend)


def _refuse_validation(flags: int) -> None:
    """libvirt 9.0's parser does not know the flag that asks it to validate, and says so."""
    check_flags(flags & VALIDATE, 0, "virStorageVolDefParseXML")


def _as_large_as(volume: Volume, original: Volume) -> Volume:
    """A copy with room for all of the original."""
    capacity = max(volume.capacity, original.capacity)
    allocation = volume.allocation if volume.is_allocation_given else capacity
    return volume.replace(capacity=capacity, allocation=allocation)
