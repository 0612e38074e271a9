"""What pools a host supports (`virStoragePoolCapsFormat`), and what types a storage connection has."""

from __future__ import annotations

from collections.abc import Container, Iterable

from virtloom.xmldef.document import Node, write
from virtloom.xmldef.storage.types import POOL_TYPES, UNLISTED_FORMATS, PoolType


def pool_capabilities(supported: Container[str]) -> str:
    """The document of `virConnectGetStoragePoolCapabilities`.

    :param supported: the types that have a back end here.
    """
    root = Node("storagepoolCapabilities")
    for kind in POOL_TYPES.values():
        pool = root.add("pool", {"type": kind.name, "supported": "yes" if kind.name in supported else "no"})
        _options(pool, "poolOptions", "sourceFormatType", kind.default, kind.formats)
        listed = () if kind.name in UNLISTED_FORMATS else kind.volume_formats
        _options(pool, "volOptions", "targetFormatType", kind.volume_default, listed)
    return write(root)


def _options(pool: Node, tag: str, name: str, default: str | None, formats: Iterable[str]) -> None:
    if default is None:
        return
    options = pool.add(tag)
    options.add("defaultFormat", {"type": default})
    enum = options.add("enum", {"name": name})
    for word in formats:
        enum.add("value", text=word)


def storage_capabilities(types: Iterable[PoolType]) -> str:
    """The document of `virConnectGetCapabilities` on a storage connection: the types, in the order of registration."""
    root = Node("capabilities")
    enum = root.add("pool").add("enum", {"name": "type"})
    for kind in types:
        enum.add("value", text=kind.name)
    return write(root)
