"""Storage pools and the volumes in them."""

from __future__ import annotations

from uuid import UUID

from virtloom.driver import EventFamily, EventSource, NameTaken, StorageDriver
from virtloom.driver.constants.connect import ConnectListAllStoragePoolsFlags as Filter
from virtloom.driver.constants.storage import StoragePoolEventID, StoragePoolState
from virtloom.driver.constants.storage import StoragePoolEventLifecycle as Event
from virtloom.driver.constants.storage import StorageVolCreateFlags as Create
from virtloom.driver.flags import check_flags, selected
from virtloom.driver.handles import StoragePoolHandle, StorageVolHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import root_of
from virtloom.xmldef.storage.conflicts import same_source
from virtloom.xmldef.storage.pool import Pool, parse_pool, pool_of
from virtloom.xmldef.storage.types import LISTING_FLAGS
from virtloom.xmldef.storage.volume import Volume, parse_volume, volume_of
from virtloom_test.object_types import POOL
from virtloom_test.resources.objects import Kind, Resource, Resources
from virtloom_test.stage import Stage

KIND = Kind("storage pool", POOL, ErrorCode.NO_STORAGE_POOL, EventFamily.STORAGE_POOL)
STORAGE = ErrorDomain.STORAGE
VOLUME_FILE = 0  # VIR_STORAGE_VOL_FILE
CAPACITY = 100 << 30  # bytes of every test pool


class Content(dict[str, Volume]):
    """A pool's volumes by name; replaced whole when it changes."""


class TestStorage(StorageDriver):
    """One host's pools. `more` of a pool's state is `(Pool, Content)`: the definition and the volumes."""

    __test__ = False  # the name begins as pytest's classes do
    error_domain = ErrorDomain.TEST
    create_flags = int(Create.VALIDATE)  # what may be asked of a new volume

    def __init__(self, stage: Stage, events: EventSource) -> None:
        self.events = events
        self._stage = stage
        self._all = Resources(KIND, stage.host, events)

    def views(self) -> list[Resource]:
        """Each as it was at its last change."""
        return self._all.views()

    def define_initial(self, definition: Node, *, active: bool = True) -> None:
        """Put in a pool that is there from the start, with the volumes that its description has."""
        pool = _sized(pool_of(definition))
        content = Content()
        for element in definition.all("volume"):
            volume = _placed(volume_of(element, pool.kind), pool)
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
            if (not wanted or view.more[0].type in wanted)
            and selected(
                flags,
                (Filter.ACTIVE, Filter.INACTIVE, view.active),
                (Filter.PERSISTENT, Filter.TRANSIENT, view.persistent),
                (Filter.AUTOSTART, Filter.NO_AUTOSTART, view.autostart),
            )
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
        _require(view, active)
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
        handle = self._put(_sized(parse_pool(xml)), active=False, persistent=True)
        self._all.emit(handle, StoragePoolEventID.LIFECYCLE, (Event.DEFINED, 0))
        return handle

    def storage_pool_create_xml(self, xml: str, flags: int) -> StoragePoolHandle:
        """`virStoragePoolCreateXML`"""
        check_flags(flags, 0, "testStoragePoolCreateXML")
        handle = self._put(_sized(parse_pool(xml)), active=True, persistent=False)
        self._all.emit(handle, StoragePoolEventID.LIFECYCLE, (Event.STARTED, 0))
        return handle

    def _put(self, pool: Pool, *, active: bool, persistent: bool, content: Content | None = None) -> StoragePoolHandle:
        handle = StoragePoolHandle(pool.name, pool.uuid)
        node = pool.node()

        def assign(state: Resource) -> None:
            if state.handle.name != pool.name:
                detail = f"pool '{state.handle.name}' is already defined with uuid {UUID(bytes=pool.uuid)}"
                raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.STORAGE)
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
            holder = UUID(bytes=taken.holder.key)  # type: ignore[arg-type]
            detail = f"pool '{pool.name}' already exists with uuid {holder}"
            raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.STORAGE) from None
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
            _require(state, False)
            state.persistent = False
            self._all.emit(state.handle, StoragePoolEventID.LIFECYCLE, (Event.UNDEFINED, 0))

    def _told(self, pool: StoragePoolHandle, event: int) -> None:
        """What a test pool does when it is built or deleted: tell of it."""
        with self._all.changing(self._all.named(pool.name)) as state:
            _require(state, False)
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
            _require(state, False)
            state.active = True
            self._all.emit(state.handle, StoragePoolEventID.LIFECYCLE, (Event.STARTED, 0))

    def storage_pool_destroy(self, pool: StoragePoolHandle) -> None:
        """`virStoragePoolDestroy`"""
        with self._all.changing(self._all.named(pool.name)) as state:
            _require(state, True)
            state.active = False
            self._all.emit(state.handle, StoragePoolEventID.LIFECYCLE, (Event.STOPPED, 0))

    def storage_pool_refresh(self, pool: StoragePoolHandle, flags: int) -> None:
        """`virStoragePoolRefresh`"""
        check_flags(flags, 0, "testStoragePoolRefresh")
        with self._all.changing(self._all.named(pool.name)) as state:
            _require(state, True)
            self._all.emit(state.handle, StoragePoolEventID.REFRESH)

    def storage_pool_set_autostart(self, pool: StoragePoolHandle, autostart: int) -> None:
        """`virStoragePoolSetAutostart`"""
        with self._all.changing(self._all.named(pool.name)) as state:
            if not state.persistent:
                raise VirtError(ErrorCode.INVALID_ARG, "pool has no config file")
            state.autostart = bool(autostart)

    def connect_find_storage_pool_sources(self, type: str, srcSpec: str | None, flags: int) -> str:
        """`virConnectFindStoragePoolSources`"""
        check_flags(flags, 0, "testConnectFindStoragePoolSources")
        if type == "dir":  # number 0 in libvirt, which takes it for none
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"unknown storage pool type {type}")
        source = None if srcSpec is None else root_of(srcSpec, "storage_source_specification", "source", STORAGE)
        if type == "logical":
            return document.write(_sources(*LOGICAL_SOURCES))
        if type != "netfs":
            raise VirtError(ErrorCode.NO_SUPPORT, f"pool type '{type}' does not support source discovery")
        host = None if source is None else source.find("host")
        if host is None or host.get("name") is None:
            raise VirtError(ErrorCode.INVALID_ARG, "hostname must be specified for netfs sources")
        share = [("host", {"name": host.get("name") or ""}, ""), ("dir", {"path": "/testshare"}, "")]
        return document.write(_sources([*share, ("format", {"type": "nfs"}, "")]))

    # Volumes.

    def storage_pool_list_all_volumes(self, pool: StoragePoolHandle, flags: int) -> list[StorageVolHandle]:
        """`virStoragePoolListAllVolumes`"""
        check_flags(flags, 0, "testStoragePoolListAllVolumes")
        view: Resource = self._all.keyed(pool.uuid, str(UUID(bytes=pool.uuid))).published
        if not view.active:
            raise VirtError(ErrorCode.OPERATION_INVALID, "storage pool is not active")
        return [_volume_handle(view, volume) for volume in view.more[1].values()]

    def storage_vol_lookup_by_name(self, pool: StoragePoolHandle, name: str) -> StorageVolHandle:
        """`virStorageVolLookupByName`"""
        view = self._view(pool, active=True)
        return _volume_handle(view, volume_in(view, name))

    def _with_path(self, path: str) -> tuple[Resource, Volume] | None:
        for view in self._all.views():
            for volume in view.more[1].values() if view.active else ():
                if volume.path == path:
                    return view, volume
        return None

    def storage_vol_lookup_by_key(self, key: str) -> StorageVolHandle:
        """`virStorageVolLookupByKey`"""
        found = self._with_path(key)
        if found is None:
            raise VirtError(ErrorCode.NO_STORAGE_VOL, f"no storage vol with matching key '{key}'")
        return _volume_handle(*found)

    def storage_vol_lookup_by_path(self, path: str) -> StorageVolHandle:
        """`virStorageVolLookupByPath`"""
        found = self._with_path(path)
        if found is None:
            raise VirtError(ErrorCode.NO_STORAGE_VOL, f"no storage vol with matching path '{path}'")
        return _volume_handle(*found)

    def _of(self, vol: StorageVolHandle) -> Volume:
        view: Resource = self._all.named(vol.pool).published
        _require(view, True)
        return volume_in(view, vol.name)

    def storage_vol_get_info(self, vol: StorageVolHandle) -> tuple[int, int, int]:
        """`virStorageVolGetInfo`: type, capacity and allocation in bytes."""
        volume = self._of(vol)
        return VOLUME_FILE, volume.capacity, volume.allocation

    def storage_vol_get_xml_desc(self, vol: StorageVolHandle, flags: int) -> str:
        """`virStorageVolGetXMLDesc`"""
        check_flags(flags, 0, "testStorageVolGetXMLDesc")
        return self._of(vol).format()

    def storage_vol_get_path(self, vol: StorageVolHandle) -> str:
        """`virStorageVolGetPath`"""
        return self._of(vol).path

    def storage_vol_create_xml(self, pool: StoragePoolHandle, xml: str, flags: int) -> StorageVolHandle:
        """`virStorageVolCreateXML`"""
        check_flags(flags, self.create_flags, "testStorageVolCreateXML")
        return self._add(pool, xml, None)

    def storage_vol_create_xml_from(
        self, pool: StoragePoolHandle, xml: str, clonevol: StorageVolHandle, flags: int
    ) -> StorageVolHandle:
        """`virStorageVolCreateXMLFrom`: from a volume of the same pool, as libvirt's test driver has it."""
        check_flags(flags, self.create_flags, "testStorageVolCreateXMLFrom")
        return self._add(pool, xml, clonevol.name)

    def _add(self, pool: StoragePoolHandle, xml: str, original: str | None) -> StorageVolHandle:
        self._stage.tempo.pass_time("volume")
        with self._all.changing(self._all.named(pool.name)) as state:
            _require(state, True)
            definition, content = state.more
            volume = _placed(parse_volume(xml, definition.kind), definition)
            if volume.name in content:
                raise VirtError(ErrorCode.OPERATION_FAILED, "storage vol already exists")
            if original is not None and original not in content:
                detail = f"no storage vol with matching name '{original}'"
                raise VirtError(ErrorCode.NO_STORAGE_VOL, detail)
            if definition.allocation + volume.allocation > definition.capacity:
                detail = f"Not enough free space in pool for volume '{volume.name}'"
                raise VirtError(ErrorCode.INTERNAL_ERROR, detail)
            state.more = (use_of(definition, volume.allocation), Content({**content, volume.name: volume}))
            return _volume_handle(state, volume)

    def storage_vol_delete(self, vol: StorageVolHandle, flags: int) -> None:
        """`virStorageVolDelete`"""
        check_flags(flags, 0, "testStorageVolDelete")
        with self._all.changing(self._all.named(vol.pool)) as state:
            _require(state, True)
            definition, content = state.more
            volume = volume_in(state, vol.name)
            kept = Content({name: one for name, one in content.items() if name != vol.name})
            state.more = (use_of(definition, -volume.allocation), kept)


Source = list[tuple[str, dict[str, str], str]]  # the elements of a source: name, attributes, text
LOGICAL_SOURCES: tuple[Source, ...] = tuple(
    [("device", {"path": path}, ""), ("name", {}, name), ("format", {"type": "lvm2"}, "")]
    for path, name in (("/dev/sda20", "testvg1"), ("/dev/sda21", "testvg2"))
)


def _sources(*sources: Source) -> Node:
    """The document of sources that were found."""
    root = Node("sources")
    for elements in sources:
        source = root.add("source")
        for tag, attrs, text in elements:
            source.add(tag, attrs, text)
    return root


def _require(state: Resource, active: bool | None) -> None:
    if active is not None and state.active is not active:
        detail = f"storage pool '{state.handle.name}' is {'not active' if active else 'active'}"
        raise VirtError(ErrorCode.OPERATION_INVALID, detail)


def volume_in(state: Resource, name: str) -> Volume:
    volume: Volume | None = state.more[1].get(name)
    if volume is None:
        raise VirtError(ErrorCode.NO_STORAGE_VOL, f"no storage vol with matching name '{name}'")
    return volume


def _volume_handle(view: Resource, volume: Volume) -> StorageVolHandle:
    return StorageVolHandle(view.handle.name, volume.name, volume.path)


def _sized(pool: Pool) -> Pool:
    """A pool with the size that all test pools have."""
    return pool.replace(capacity=CAPACITY, allocation=0, available=CAPACITY)


def use_of(pool: Pool, more: int) -> Pool:
    """A pool with so many bytes more in use."""
    allocation = pool.allocation + more
    return pool.replace(allocation=allocation, available=pool.capacity - allocation)


def _placed(volume: Volume, pool: Pool) -> Volume:
    """A volume with the path that it has in a pool."""
    path = f"{pool.path}/{volume.name}"
    return volume.replace(key=path, target=volume.target.replace(path=path))
