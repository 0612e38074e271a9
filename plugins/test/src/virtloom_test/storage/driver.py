"""The volumes in pools, which are the rest of what libvirt's test driver has of storage."""

from __future__ import annotations

from uuid import UUID

from virtloom.driver.constants.storage import StorageVolCreateFlags as Create
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import StoragePoolHandle, StorageVolHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.storage.volume import Volume, parse_volume
from virtloom_test.resources.objects import Resource
from virtloom_test.storage.pool import Content, placed, require, use_of, volume_handle, volume_in
from virtloom_test.storage.pools import Pools

VOLUME_FILE = 0  # VIR_STORAGE_VOL_FILE


class TestStorage(Pools):
    """One host's pools and their volumes."""

    __test__ = False  # the name begins as pytest's classes do
    create_flags = int(Create.VALIDATE)  # what may be asked of a new volume

    def storage_pool_list_all_volumes(self, pool: StoragePoolHandle, flags: int) -> list[StorageVolHandle]:
        """`virStoragePoolListAllVolumes`"""
        check_flags(flags, 0, "testStoragePoolListAllVolumes")
        view: Resource = self._all.keyed(pool.uuid, str(UUID(bytes=pool.uuid))).published
        if not view.active:
            raise VirtError(ErrorCode.OPERATION_INVALID, "storage pool is not active")
        return [volume_handle(view, volume) for volume in view.more[1].values()]

    def storage_vol_lookup_by_name(self, pool: StoragePoolHandle, name: str) -> StorageVolHandle:
        """`virStorageVolLookupByName`"""
        view = self._view(pool, active=True)
        return volume_handle(view, volume_in(view, name))

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
        return volume_handle(*found)

    def storage_vol_lookup_by_path(self, path: str) -> StorageVolHandle:
        """`virStorageVolLookupByPath`"""
        found = self._with_path(path)
        if found is None:
            raise VirtError(ErrorCode.NO_STORAGE_VOL, f"no storage vol with matching path '{path}'")
        return volume_handle(*found)

    def _of(self, vol: StorageVolHandle) -> Volume:
        view: Resource = self._all.named(vol.pool).published
        require(view, True)
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
        with self._all.changing(self._all.named(pool.name)) as state:
            require(state, True)
            definition, content = state.more
            volume = placed(parse_volume(xml, definition.kind), definition)
            if volume.name in content:
                raise VirtError(ErrorCode.OPERATION_FAILED, "storage vol already exists")
            if original is not None and original not in content:
                detail = f"no storage vol with matching name '{original}'"
                raise VirtError(ErrorCode.NO_STORAGE_VOL, detail)
            if definition.allocation + volume.allocation > definition.capacity:
                detail = f"Not enough free space in pool for volume '{volume.name}'"
                raise VirtError(ErrorCode.INTERNAL_ERROR, detail)
            state.more = (use_of(definition, volume.allocation), Content({**content, volume.name: volume}))
            return volume_handle(state, volume)

    def storage_vol_delete(self, vol: StorageVolHandle, flags: int) -> None:
        """`virStorageVolDelete`"""
        check_flags(flags, 0, "testStorageVolDelete")
        with self._all.changing(self._all.named(vol.pool)) as state:
            require(state, True)
            definition, content = state.more
            volume = volume_in(state, vol.name)
            kept = Content({name: one for name, one in content.items() if name != vol.name})
            state.more = (use_of(definition, -volume.allocation), kept)
