"""A pool's life: from its definition to its end.

Each step takes a job on the pool, so that steps come one after the other and who waits waits in turn; the pool's lock
is held only to look at its state and to change it, never while its storage is touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from virtloom.driver import DriverHost
from virtloom.driver.constants.storage import StoragePoolCreateFlags as Create
from virtloom.driver.constants.storage import StoragePoolEventID as EventID
from virtloom.driver.constants.storage import StoragePoolEventLifecycle as Event
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import StoragePoolHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, JobKind
from virtloom.xmldef.storage.pool import Pool, parse_pool
from virtloom.xmldef.validation import POOL, validate
from virtloom_storage.backends.base import Backend
from virtloom_storage.backends.flags import NO_OVERWRITE, OVERWRITE, check_exclusive
from virtloom_storage.pools.base import invalid, refuse_claims, require_active, require_inactive
from virtloom_storage.pools.refresh import PoolRefresh
from virtloom_storage.pools.sources import ClaimedSources
from virtloom_storage.pools.state import PoolState

CREATE_FLAGS = Create.WITH_BUILD | Create.WITH_BUILD_OVERWRITE | Create.WITH_BUILD_NO_OVERWRITE
DEFINE_VALIDATE = 1  # VIR_STORAGE_POOL_DEFINE_VALIDATE
CONFLICTING = 12  # the two build flags, with which libvirt compares creation's too


class PoolLife(PoolRefresh):
    """Definition, start, stop and what lies between."""

    def __init__(self, host: DriverHost) -> None:
        super().__init__(host)
        self._sources = ClaimedSources(host.locks)

    # Definition.

    def storage_pool_define_xml(self, xml: str, flags: int) -> StoragePoolHandle:
        """`virStoragePoolDefineXML`"""
        check_flags(flags, DEFINE_VALIDATE, "storagePoolDefineXML")
        if flags & DEFINE_VALIDATE:
            validate(xml, POOL)
        definition = parse_pool(xml)
        if "\n" in definition.name:
            raise VirtError(ErrorCode.XML_ERROR, "invalid char in name: \n", ErrorDomain.NONE)
        self.backends.of(definition.type)
        with self._registered(definition) as pool:
            self._kept.write(definition.name, definition.format())
            with self._changing(pool) as state:
                if state.active:
                    state.later = definition
                else:
                    state.definition = definition
                state.persistent = True
                self._emit(definition, EventID.LIFECYCLE, (Event.DEFINED, 0))
        return StoragePoolHandle(definition.name, definition.uuid)

    @contextmanager
    def _registered(self, definition: Pool) -> Iterator[Guarded[PoolState]]:
        """The pool of a definition, made if there is none, with a job on it for the length of a block.

        A pool that was made and is neither active nor kept afterwards is no more.
        """
        with self._obtained(definition) as pool:
            former = self._sources.claim(definition)
            try:
                yield pool
            except BaseException:
                self._sources.restore(definition.uuid, former)
                raise

    def _new_state(self, definition: Pool) -> PoolState:
        return PoolState(definition, self._context(definition.name))

    def _admit(self, definition: Pool) -> None:
        self._sources.claim(definition)

    def _let_go(self, state: PoolState) -> None:
        self._sources.restore(state.definition.uuid, None)

    def storage_pool_undefine(self, pool: StoragePoolHandle) -> None:
        """`virStoragePoolUndefine`"""
        found = self.pools.need(pool)
        with self._step(found):
            with found.locked() as state:
                require_inactive(state)
                name = state.definition.name
            self._forget_files(name)
            with self._changing(found) as state:
                state.persistent = state.autostart = False
                self._emit(state.definition, EventID.LIFECYCLE, (Event.UNDEFINED, 0))

    def storage_pool_set_autostart(self, pool: StoragePoolHandle, autostart: int) -> None:
        """`virStoragePoolSetAutostart`: kept as a link to the definition."""
        refusal = VirtError(ErrorCode.INTERNAL_ERROR, "pool has no config file", ErrorDomain.STORAGE)
        self._set_autostart(self.pools.need(pool), bool(autostart), refusal)

    # Start.

    def storage_pool_create_xml(self, xml: str, flags: int) -> StoragePoolHandle:
        """`virStoragePoolCreateXML`"""
        build = _build_flags(flags, "storagePoolCreateXML")
        definition = parse_pool(xml)
        self.backends.of(definition.type)
        with self._registered(definition) as pool:
            with self._changing(pool) as state:
                if state.active:
                    raise invalid(f"pool is already active as '{state.definition.name}'")
                if state.persistent and state.later is None:
                    state.later = state.definition
                state.definition = definition
            self._start(pool, build)
        return StoragePoolHandle(definition.name, definition.uuid)

    def storage_pool_create(self, pool: StoragePoolHandle, flags: int) -> None:
        """`virStoragePoolCreate`"""
        build = _build_flags(flags, "storagePoolCreate")
        found = self.pools.need(pool)
        with self._step(found):
            self._require_at_rest(found)
            self._start(found, build)

    def _require_at_rest(self, pool: Guarded[PoolState]) -> None:
        with pool.locked() as state:
            if state.active:
                raise invalid(f"storage pool '{state.definition.name}' is already active")

    def _start(self, pool: Guarded[PoolState], build: int | None) -> None:
        """Make a pool active, under a job on it; one that cannot be is as it was.

        :param build: the flags for building it first; None for not building it.
        """
        with pool.locked() as state:
            definition, context = state.definition, state.context
        backend = self.backends.of(definition.type)
        try:
            if build is not None:
                backend.build(context, definition, build)
            backend.start(context, definition)
            self._open(pool, backend, definition)
        except BaseException:
            with self._changing(pool) as state:
                state.deactivate()
            raise

    def _open(self, pool: Guarded[PoolState], backend: Backend, definition: Pool) -> None:
        """Fill a pool whose storage is there; what cannot be looked at is let go again."""
        context = pool.published.context if pool.published is not None else self._context(definition.name)
        try:
            self._running.write(definition.name, definition.format())
            scan = self._unfinished.swept(context, backend, backend.refresh(context, definition))
        except BaseException:
            self._stop_quietly(definition, context)
            raise
        with self._changing(pool) as state:
            state.definition, state.active = scan.pool, True
            state.volumes = self._entries(pool, scan.volumes)
            self._emit(definition, EventID.LIFECYCLE, (Event.STARTED, 0))

    # Building, stopping, deleting.

    def storage_pool_build(self, pool: StoragePoolHandle, flags: int) -> None:
        """`virStoragePoolBuild`"""
        found = self.pools.need(pool)
        with found.job(JobKind.MODIFY):
            self._require_at_rest(found)
            with found.locked() as state:
                definition, context = state.definition, state.context
            self.backends.of(definition.type).build(context, definition, flags)
            with self._changing(found) as state:
                state.deactivate()
                self._emit(definition, EventID.LIFECYCLE, (Event.CREATED, 0))

    def storage_pool_destroy(self, pool: StoragePoolHandle) -> None:
        """`virStoragePoolDestroy`: refused while something is done in the pool."""
        found = self.pools.need(pool)
        with self._step(found):
            with self._changing(found) as state:
                require_active(state)
                refuse_claims(state)
                state.closing = True
                definition, context = state.definition, state.context
            try:
                self._running.remove(definition.name)
                self.backends.of(definition.type).stop(context, definition)
            except BaseException:
                self._still_active(found, definition)
                raise
            with self._changing(found) as state:
                state.deactivate()
                self._emit(definition, EventID.LIFECYCLE, (Event.STOPPED, 0))

    def _still_active(self, pool: Guarded[PoolState], definition: Pool) -> None:
        """After a stop that failed: the pool serves again, whether or not that can be written down."""
        with self._changing(pool) as state:
            state.closing = False
        try:
            self._running.write(definition.name, definition.format())
        except VirtError as error:
            self.host.log.error("storage pool %s is active, but cannot be noted as such: %s", definition.name, error)

    def storage_pool_delete(self, pool: StoragePoolHandle, flags: int) -> None:
        """`virStoragePoolDelete`"""
        found = self.pools.need(pool)
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                require_inactive(state)
                refuse_claims(state)
                definition, context = state.definition, state.context
            self.backends.of(definition.type).delete(context, definition, flags)
            with self._changing(found) as state:
                self._emit(state.definition, EventID.LIFECYCLE, (Event.DELETED, 0))


def _build_flags(flags: int, function: str) -> int | None:
    """How a pool is to be built before its start; None if it is not to be."""
    check_flags(flags, CREATE_FLAGS, function)
    check_exclusive(flags & CONFLICTING)
    if flags & Create.WITH_BUILD_OVERWRITE:
        return OVERWRITE
    if flags & Create.WITH_BUILD_NO_OVERWRITE:
        return NO_OVERWRITE
    return 0 if flags & Create.WITH_BUILD else None
