"""Where the volumes are that a guest's disks name (`virDomainDiskTranslateSourcePool`).

The storage driver is asked by its public calls, so that any will do.
"""

from __future__ import annotations

from typing import Any

from virtloom.driver.base import Driver
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.devices import Disk
from virtloom.xmldef.domain.volumes import NAMES
from virtloom.xmldef.storage.pool import Pool, parse_pool
from virtloom.xmldef.storage.volume import VOLUME_TYPES

ON_THIS_HOST = frozenset({"dir", "fs", "netfs", "logical", "disk", "scsi", "zfs", "vstorage"})
PLACES = {"file": "file", "block": "dev", "dir": "dir", "ploop": "file"}  # by a volume's type
ISCSI_PORT = 3260


def located(disk: Disk, storage: Driver | None) -> Disk:
    """A disk with where its volumes are: its own, and those that it says are behind it.

    May sleep: to be called with no lock held.

    :param storage: the host's storage driver.
    :raises VirtError: NO_STORAGE_POOL, NO_STORAGE_VOL, CONFIG_UNSUPPORTED and others, in libvirt's words.
    """
    node = disk.node()
    holder: Node | None = node
    found = False
    while holder is not None:
        source = holder.find("source")
        if holder.get("type") == "volume" and source is not None:
            _locate(source, storage)
            found = True
        holder = holder.find("backingStore")
    if found and node.find("driver") is not None:
        node.need("driver").attrs.setdefault("type", "raw")  # nothing is guessed from what a guest may have written
    return Disk.read(node) if found else disk


def _locate(source: Node, storage: Any) -> None:
    pool_name, name = source.get("pool") or "", source.get("volume") or ""
    if storage is None:
        detail = f"no storage driver is available, so volume '{name}' of pool '{pool_name}' cannot be found"
        raise VirtError(ErrorCode.NO_SUPPORT, detail, ErrorDomain.STORAGE)
    pool = storage.storage_pool_lookup_by_name(pool_name)
    if not storage.storage_pool_is_active(pool):
        raise _unsupported(f"storage pool '{pool_name}' containing volume '{name}' is not active")
    volume = storage.storage_vol_lookup_by_name(pool, name)
    kind = VOLUME_TYPES[storage.storage_vol_get_info_flags(volume, 0)[0]]
    definition = parse_pool(storage.storage_pool_get_xml_desc(pool, 0))
    mode = source.get("mode")
    if mode is not None and definition.type != "iscsi":
        detail = "disk source mode is only valid when storage pool is of iscsi type"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
    source.attrs = {word: source.attrs[word] for word in NAMES if word in source.attrs}
    if definition.type == "iscsi-direct" or mode == "direct":
        _place_on_network(source, definition, name)
    elif definition.type == "iscsi":
        source.attrs |= {"mode": "host", "dev": storage.storage_vol_get_path(volume)}
    else:
        _place(source, definition, kind, storage.storage_vol_get_path(volume))


def _place(source: Node, pool: Pool, kind: str, path: str) -> None:
    if pool.type not in ON_THIS_HOST:
        raise _unsupported(f"using '{pool.type}' pools for backing 'volume' disks isn't yet supported")
    if kind not in PLACES:
        raise _internal(f"unexpected storage volume type '{kind}' for storage pool type '{pool.type}'")
    source.attrs[PLACES[kind]] = path


def _place_on_network(source: Node, pool: Pool, name: str) -> None:
    """A unit of an iSCSI target that QEMU talks to by itself."""
    if len(pool.source.hosts) != 1:
        raise _unsupported("Expected exactly 1 host for the storage pool")
    parts = name.split(":")
    if len(parts) != 4:
        raise _internal(f"unexpected iscsi volume name '{name}'")
    host = pool.source.hosts[0]
    source.attrs |= {"protocol": "iscsi", "name": f"{pool.source.devices[0].path}/{parts[3]}"}
    source.drop("host", "auth")
    source.add("host", {"name": host.name, "port": str(host.port or ISCSI_PORT)})
    if pool.source.initiator is not None and source.find("initiator") is None:
        source.add("initiator").add("iqn", {"name": pool.source.initiator})
    if pool.source.auth is not None:
        auth = pool.source.auth.node()
        auth.attrs.pop("type", None)
        for secret in auth.all("secret"):
            secret.attrs = {"type": "iscsi", **secret.attrs}
        source.children.append(auth)


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)


def _internal(detail: str) -> VirtError:
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.DOMAIN)
