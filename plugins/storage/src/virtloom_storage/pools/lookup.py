"""Finding pools and asking about them: from snapshots alone, so that no dead disk delays an answer."""

from __future__ import annotations

from virtloom.driver.constants.connect import ConnectListAllStoragePoolsFlags as Filter
from virtloom.driver.constants.storage import StoragePoolState
from virtloom.driver.flags import check_flags, stands
from virtloom.driver.handles import StoragePoolHandle, StorageVolHandle
from virtloom.xmldef.storage.paths import sanitized
from virtloom.xmldef.storage.types import LISTING_FLAGS
from virtloom_storage.pools.base import PoolsBase, no_pool
from virtloom_storage.pools.state import View

KNOWN_FLAGS = 0xFFFFF  # VIR_CONNECT_LIST_STORAGE_POOLS_FILTERS_ALL
XML_INACTIVE = 1  # VIR_STORAGE_XML_INACTIVE


class PoolLookup(PoolsBase):
    """Queries about pools."""

    def connect_list_all_storage_pools(self, flags: int) -> list[StoragePoolHandle]:
        """`virConnectListAllStoragePools`"""
        check_flags(flags, KNOWN_FLAGS, "storageConnectListAllStoragePools")
        return [view.handle for view in self.pools.views() if _wanted(view, flags)]

    def storage_pool_lookup_by_name(self, name: str) -> StoragePoolHandle:
        """`virStoragePoolLookupByName`"""
        handle: StoragePoolHandle = self.pools.need_name(name).published.handle
        return handle

    def storage_pool_lookup_by_uuid(self, uuid: bytes) -> StoragePoolHandle:
        """`virStoragePoolLookupByUUID`"""
        handle: StoragePoolHandle = self.pools.need_uuid(uuid).published.handle
        return handle

    def storage_pool_lookup_by_volume(self, vol: StorageVolHandle) -> StoragePoolHandle:
        """`virStoragePoolLookupByVolume`"""
        return self.storage_pool_lookup_by_name(vol.pool)

    def storage_pool_lookup_by_target_path(self, path: str) -> StoragePoolHandle:
        """`virStoragePoolLookupByTargetPath`"""
        clean = sanitized(path)
        views: list[View] = self.pools.views()
        for view in views:
            if view.active and view.definition.path == clean:
                return view.handle
        shown = f"'{path}'" if path == clean else f"'{path}' ({clean})"
        raise no_pool(f"no storage pool with matching target path {shown}")

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
        state = StoragePoolState.RUNNING if view.active else StoragePoolState.INACTIVE
        definition = view.definition
        return state, definition.capacity, definition.allocation, definition.available

    def storage_pool_get_xml_desc(self, pool: StoragePoolHandle, flags: int) -> str:
        """`virStoragePoolGetXMLDesc`"""
        check_flags(flags, XML_INACTIVE, "storagePoolGetXMLDesc")
        view = self._view(pool)
        later = view.later if flags & XML_INACTIVE else None
        return (later or view.definition).format()


def _wanted(view: View, flags: int) -> bool:
    """Whether a pool is among those that list flags ask for."""
    types = {name for name, flag in LISTING_FLAGS.items() if flags & flag}
    return (not types or view.definition.type in types) and stands(flags, Filter, view)
