"""Storage pools: found, defined, built, started and stopped."""

from __future__ import annotations

from uuid import UUID

from virtloom.driver import EventFamily, EventSource, NameTaken, StorageDriver
from virtloom.driver.constants.connect import ConnectListAllStoragePoolsFlags as Filter
from virtloom.driver.constants.storage import StoragePoolEventID, StoragePoolState
from virtloom.driver.constants.storage import StoragePoolEventLifecycle as Event
from virtloom.driver.flags import check_flags, stands
from virtloom.driver.handles import StoragePoolHandle, StorageVolHandle
from virtloom.driver.resources.refusals import name_is_taken, uuid_is_taken
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.storage.conflicts import same_source
from virtloom.xmldef.storage.pool import Pool, parse_pool, pool_of
from virtloom.xmldef.storage.types import LISTING_FLAGS
from virtloom.xmldef.storage.volume import volume_of
from virtloom_test.object_types import POOL
from virtloom_test.resources.objects import Kind, Resource, Resources
from virtloom_test.stage import Stage
from virtloom_test.storage.pool import Content, placed, require, sized, use_of
from virtloom_test.storage.sources import Sources

KIND = Kind("storage pool", POOL, ErrorCode.NO_STORAGE_POOL, EventFamily.STORAGE_POOL)


class Pools(Sources, StorageDriver):
    """One host's pools. `more` of a pool's state is `(Pool, Content)`: the definition and the volumes."""

    error_domain = ErrorDomain.TEST

    def __init__(self, stage: Stage, events: EventSource) -> None:
        self.events = events
        self._stage = stage
        self._all = Resources(KIND, stage.host, events)

    def views(self) -> list[Resource]:
        """Each as it was at its last change."""
        return self._all.views()

    def define_initial(self, definition: Node, *, active: bool = True) -> None:
        """Put in a pool that is there from the start, with the volumes that its description has."""
        pool = sized(pool_of(definition))
        content = Content()
        for element in definition.all("volume"):
            volume = placed(volume_of(element, pool.kind), pool)
            content[volume.name] = volume
            pool = use_of(pool, volume.allocation)
        self._put(pool, active=active, persistent=True, content=content)

    # Finding.

    def connect_list_all_storage_pools(self, flags: int) -> list[StoragePoolHandle]:
        """`virConnectListAllStoragePools`"""
        check_flags(flags, 0xFFFFF, "testConnectListAllStoragePools")
        wanted = {name for name, flag in LISTING_FLAGS.items() if flags & flag}
        return [
            view.handle
            for view in self._all.views()
            if (not wanted or view.more[0].type in wanted) and stands(flags, Filter, view)
        ]

    def storage_pool_lookup_by_name(self, name: str) -> StoragePoolHandle:
        """`virStoragePoolLookupByName`"""
        handle: StoragePoolHandle = self._all.named(name).published.handle
        return handle

    def storage_pool_lookup_by_uuid(self, uuid: bytes) -> StoragePoolHandle:
        """`virStoragePoolLookupByUUID`"""
        handle: StoragePoolHandle = self._all.keyed(uuid, str(UUID(bytes=uuid))).published.handle
        return handle

    def storage_pool_lookup_by_volume(self, vol: StorageVolHandle) -> StoragePoolHandle:
        """`virStoragePoolLookupByVolume`"""
        return self.storage_pool_lookup_by_name(vol.pool)

    def _view(self, pool: StoragePoolHandle, *, active: bool | None = None) -> Resource:
        """A pool as it was at its last change.

        :param active: whether it must run, or must not.
        """
        view: Resource = self._all.named(pool.name).published
        require(view, active)
        return view

    def storage_pool_is_active(self, pool: StoragePoolHandle) -> bool:
        """`virStoragePoolIsActive`"""
        return self._view(pool).active

    def storage_pool_is_persistent(self, pool: StoragePoolHandle) -> bool:
        """`virStoragePoolIsPersistent`"""
        return self._view(pool).persistent

    def storage_pool_get_autostart(self, pool: StoragePoolHandle) -> bool:
        """`virStoragePoolGetAutostart`"""
        return self._view(pool).autostart

    def storage_pool_get_info(self, pool: StoragePoolHandle) -> tuple[int, int, int, int]:
        """`virStoragePoolGetInfo`: state, and sizes in bytes."""
        view = self._view(pool)
        definition: Pool = view.more[0]
        state = StoragePoolState.RUNNING if view.active else StoragePoolState.INACTIVE
        return state, definition.capacity, definition.allocation, definition.capacity - definition.allocation

    def storage_pool_get_xml_desc(self, pool: StoragePoolHandle, flags: int) -> str:
        """`virStoragePoolGetXMLDesc`"""
        check_flags(flags, 0, "testStoragePoolGetXMLDesc")
        definition: Pool = self._view(pool).more[0]
        return definition.format()

    # Making and unmaking.

    def storage_pool_define_xml(self, xml: str, flags: int) -> StoragePoolHandle:
        """`virStoragePoolDefineXML`"""
        check_flags(flags, 1, "testStoragePoolDefineXML")
        handle = self._put(sized(parse_pool(xml)), active=False, persistent=True)
        self._all.emit(handle, StoragePoolEventID.LIFECYCLE, (Event.DEFINED, 0))
        return handle

    def storage_pool_create_xml(self, xml: str, flags: int) -> StoragePoolHandle:
        """`virStoragePoolCreateXML`"""
        check_flags(flags, 0, "testStoragePoolCreateXML")
        handle = self._put(sized(parse_pool(xml)), active=True, persistent=False)
        self._all.emit(handle, StoragePoolEventID.LIFECYCLE, (Event.STARTED, 0))
        return handle

    def _put(self, pool: Pool, *, active: bool, persistent: bool, content: Content | None = None) -> StoragePoolHandle:
        handle = StoragePoolHandle(pool.name, pool.uuid)
        node = pool.node()

        def assign(state: Resource) -> None:
            if state.handle.name != pool.name:
                raise uuid_is_taken("pool", state.handle.name, pool.uuid, ErrorDomain.STORAGE)
            if active and state.active:
                detail = f"pool is already active as '{pool.name}'"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.STORAGE)
            old = state.more[1] if state.more is not None else Content()
            if not state.active:
                state.definition, state.more = node, (pool, content or old)
            state.active = state.active or active
            state.persistent = state.persistent or persistent

        self._refuse_conflict(pool)
        try:
            made: StoragePoolHandle = self._all.put(pool.uuid, pool.name, lambda: Resource(handle, node), assign)
        except NameTaken as taken:
            raise name_is_taken("pool", taken, ErrorDomain.STORAGE) from None
        return made

    def _refuse_conflict(self, pool: Pool) -> None:
        """Two pools do not share their source (`virStoragePoolObjSourceFindDuplicate`)."""
        for view in self._all.views():
            other: Pool = view.more[0]
            if other.name != pool.name and same_source(other, pool):
                detail = f"Storage source conflict with pool: '{other.name}'"
                raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.STORAGE)

    def storage_pool_undefine(self, pool: StoragePoolHandle) -> None:
        """`virStoragePoolUndefine`"""
        with self._all.changing(self._all.named(pool.name)) as state:
            require(state, False)
            state.persistent = False
            self._all.emit(state.handle, StoragePoolEventID.LIFECYCLE, (Event.UNDEFINED, 0))

    def _told(self, pool: StoragePoolHandle, event: int) -> None:
        """What a test pool does when it is built or deleted: tell of it."""
        with self._all.changing(self._all.named(pool.name)) as state:
            require(state, False)
            self._all.emit(state.handle, StoragePoolEventID.LIFECYCLE, (event, 0))

    def storage_pool_build(self, pool: StoragePoolHandle, flags: int) -> None:
        """`virStoragePoolBuild`"""
        check_flags(flags, 0, "testStoragePoolBuild")
        self._told(pool, Event.CREATED)

    def storage_pool_delete(self, pool: StoragePoolHandle, flags: int) -> None:
        """`virStoragePoolDelete`"""
        check_flags(flags, 0, "testStoragePoolDelete")
        self._told(pool, Event.DELETED)

    def storage_pool_create(self, pool: StoragePoolHandle, flags: int) -> None:
        """`virStoragePoolCreate`"""
        check_flags(flags, 0, "testStoragePoolCreate")
        with self._all.changing(self._all.named(pool.name)) as state:
            require(state, False)
            state.active = True
            self._all.emit(state.handle, StoragePoolEventID.LIFECYCLE, (Event.STARTED, 0))

    def storage_pool_destroy(self, pool: StoragePoolHandle) -> None:
        """`virStoragePoolDestroy`"""
        with self._all.changing(self._all.named(pool.name)) as state:
            require(state, True)
            state.active = False
            self._all.emit(state.handle, StoragePoolEventID.LIFECYCLE, (Event.STOPPED, 0))

    def storage_pool_refresh(self, pool: StoragePoolHandle, flags: int) -> None:
        """`virStoragePoolRefresh`"""
        check_flags(flags, 0, "testStoragePoolRefresh")
        with self._all.changing(self._all.named(pool.name)) as state:
            require(state, True)
            self._all.emit(state.handle, StoragePoolEventID.REFRESH)

    def storage_pool_set_autostart(self, pool: StoragePoolHandle, autostart: int) -> None:
        """`virStoragePoolSetAutostart`"""
        with self._all.changing(self._all.named(pool.name)) as state:
            if not state.persistent:
                raise VirtError(ErrorCode.INVALID_ARG, "pool has no config file")
            state.autostart = bool(autostart)
