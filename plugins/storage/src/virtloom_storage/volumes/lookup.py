"""Finding volumes and asking about them. What is looked up comes from snapshots; figures are fetched, for a moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from virtloom.driver.constants.storage import StorageVolInfoFlags
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import StoragePoolHandle, StorageVolHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.storage.paths import sanitized
from virtloom.xmldef.storage.volume import VOLUME_TYPES, Volume
from virtloom_storage.pools.state import Entry, View
from virtloom_storage.volumes.work import VolumeWork, handle_of, no_volume

# Types whose volumes clients may name by any of the links that udev makes.
LINKED = frozenset({"disk", "iscsi", "iscsi-direct", "scsi", "mpath"})


class VolumeLookup(VolumeWork):
    """Queries about volumes."""

    def storage_pool_list_all_volumes(self, pool: StoragePoolHandle, flags: int) -> list[StorageVolHandle]:
        """`virStoragePoolListAllVolumes`"""
        check_flags(flags, 0, "storagePoolListAllVolumes")
        view = self._view(pool, active=True)
        return [handle_of(view, entry) for entry in view.volumes.values()]

    def storage_vol_lookup_by_name(self, pool: StoragePoolHandle, name: str) -> StorageVolHandle:
        """`virStorageVolLookupByName`"""
        view = self._view(pool, active=True)
        entry = view.volumes.get(name)
        if entry is None:
            raise no_volume(f"no storage vol with matching name '{name}'")
        return handle_of(view, entry)

    def _all_entries(self) -> Iterator[tuple[View, Entry]]:
        for view in self.pools.views():
            if view.active:
                for entry in view.volumes.values():
                    yield view, entry

    def storage_vol_lookup_by_key(self, key: str) -> StorageVolHandle:
        """`virStorageVolLookupByKey`"""
        for view, entry in self._all_entries():
            if entry.volume.key == key:
                return handle_of(view, entry)
        raise no_volume(f"no storage vol with matching key {key}")

    def storage_vol_lookup_by_path(self, path: str) -> StorageVolHandle:
        """`virStorageVolLookupByPath`"""
        clean = sanitized(path)
        real = os.path.realpath(clean) if clean.startswith("/dev/") else None
        for view, entry in self._all_entries():
            if entry.volume.path in (clean, path):
                return handle_of(view, entry)
            if real is not None and view.definition.type in LINKED and os.path.realpath(entry.volume.path) == real:
                return handle_of(view, entry)
        shown = f"'{path}'" if path == clean else f"'{path}' ({clean})"
        raise no_volume(f"no storage vol with matching path {shown}")

    def storage_vol_get_path(self, vol: StorageVolHandle) -> str:
        """`virStorageVolGetPath`"""
        return self._entry_of(vol)[1].volume.path

    def storage_vol_get_info_flags(self, vol: StorageVolHandle, flags: int) -> tuple[int, int, int]:
        """`virStorageVolGetInfoFlags`: type, capacity, and allocation or physical size, in bytes."""
        check_flags(flags, StorageVolInfoFlags.GET_PHYSICAL, "storageVolGetInfoFlags")
        volume = self._fresh(vol)
        size = volume.physical if flags & StorageVolInfoFlags.GET_PHYSICAL else volume.allocation
        return VOLUME_TYPES.index(volume.type), volume.capacity, size

    def storage_vol_get_xml_desc(self, vol: StorageVolHandle, flags: int) -> str:
        """`virStorageVolGetXMLDesc`"""
        check_flags(flags, 0, "storageVolGetXMLDesc")
        return self._fresh(vol).format()

    def _fresh(self, vol: StorageVolHandle) -> Volume:
        """A volume with its present figures; with the last known ones if its storage does not answer.

        :raises VirtError: NO_STORAGE_VOL if it has gone, and others.
        """
        view, entry = self._entry_of(vol)
        backend = self.backends.of(view.definition.type)
        context = replace(view.context, deadline=float(self.host.config["query_deadline"]))
        try:
            return backend.look_at(context, view.definition, entry.volume, entry.made_at)
        except VirtError as error:
            if error.code is not ErrorCode.OPERATION_TIMEOUT and entry.made_at is None:
                raise
            self.host.log.info("the last known figures of volume %s are told: %s", vol.name, error)
            return entry.volume
