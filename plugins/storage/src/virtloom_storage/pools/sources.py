"""What a host could make pools of, what it supports, and which pool has which source."""

from __future__ import annotations

from virtloom.driver.flags import check_flags
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Level, LockManager
from virtloom.xmldef.document import Node, write
from virtloom.xmldef.elements import root_of
from virtloom.xmldef.storage.capabilities import pool_capabilities, storage_capabilities
from virtloom.xmldef.storage.conflicts import same_source
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.source import read_source
from virtloom.xmldef.storage.types import POOL_TYPES
from virtloom_storage.pools.base import PoolsBase


class PoolSources(PoolsBase):
    """Sources and capabilities."""

    def connect_find_storage_pool_sources(self, type: str, srcSpec: str | None, flags: int) -> str:
        """`virConnectFindStoragePoolSources`"""
        backend = self.backends.of_word(type)
        check_flags(flags, 0, "storageConnectFindStoragePoolSources")
        specification = None
        if srcSpec:
            root = root_of(srcSpec, "storage_source_specification", "source", ErrorDomain.STORAGE)
            specification = read_source(root, POOL_TYPES[type])
        found = backend.find_sources(self._context(f"sources of {type}"), specification)
        sources = Node("sources")
        sources.children += [source.node() for source in found]
        return write(sources)

    def connect_get_storage_pool_capabilities(self, flags: int) -> str:
        """`virConnectGetStoragePoolCapabilities`"""
        check_flags(flags, 0, "storageConnectGetStoragePoolCapabilities")
        return pool_capabilities(self.backends.supported())

    def connection_capabilities(self) -> str:
        """What `virConnectGetCapabilities` tells on a connection to this driver alone."""
        return storage_capabilities(POOL_TYPES[name] for name in self.backends.supported())


class ClaimedSources:
    """Which pool has which source: two pools never get the same, even if they are defined at one moment."""

    def __init__(self, locks: LockManager) -> None:
        self._lock = locks.lock("sources", Level.LEAF)
        self._pools: dict[bytes, Pool] = {}

    def claim(self, pool: Pool) -> Pool | None:
        """Note the source of a pool.

        :returns: what was noted of the pool before, for `restore`.
        :raises VirtError: OPERATION_FAILED if another pool has the same source.
        """
        with self._lock:
            taken = next((other for other in self._pools.values() if _conflict(other, pool)), None)
            if taken is None:
                former = self._pools.get(pool.uuid)
                self._pools[pool.uuid] = pool
                return former
        detail = f"Storage source conflict with pool: '{taken.name}'"
        raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.STORAGE)

    def restore(self, uuid: bytes, former: Pool | None) -> None:
        """Take a claim back, or forget a pool that has gone."""
        with self._lock:
            if former is None:
                self._pools.pop(uuid, None)
            else:
                self._pools[uuid] = former


def _conflict(held: Pool, wanted: Pool) -> bool:
    return held.name != wanted.name and same_source(held, wanted)
