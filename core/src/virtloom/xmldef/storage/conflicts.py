"""Whether two pools would hold the same things (`virStoragePoolObjSourceFindDuplicate`)."""

from __future__ import annotations

from collections.abc import Callable

from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.source import Source

_LOCAL = frozenset({"iscsi", "fs", "logical", "disk", "zfs"})


def same_source(one: Pool, other: Pool) -> bool:
    """Whether two pools, of which the first is there already, have the same source."""
    if one.type in _LOCAL and other.type in _LOCAL:
        return _same_devices(one, other)
    if one.type != other.type:
        return False
    compare = _BY_TYPE.get(one.type)
    return compare is not None and compare(one, other)


def _same_devices(one: Pool, other: Pool) -> bool:
    if (one.type == "iscsi") is not (other.type == "iscsi"):
        return False
    common = {device.path for device in one.source.devices} & {device.path for device in other.source.devices}
    return bool(common) and (one.type != "iscsi" or one.source.initiator == other.source.initiator)


def _same_host(one: Source, other: Source) -> bool:
    if len(one.hosts) != 1 and len(other.hosts) != 1:
        return False
    mine, theirs = one.hosts[0], other.hosts[0]
    return mine.name == theirs.name and (theirs.port is None or mine.port == theirs.port)


def _same_adapter(one: Pool, other: Pool) -> bool:
    mine, theirs = one.source.adapter, other.source.adapter
    if mine is None or theirs is None or mine.type != theirs.type:
        return False
    if mine.type == "fc_host":
        return (mine.wwnn, mine.wwpn) == (theirs.wwnn, theirs.wwpn)
    if mine.parentaddr is not None or theirs.parentaddr is not None:
        return mine.parentaddr == theirs.parentaddr
    return _host_number(mine.name) == _host_number(theirs.name)


def _host_number(name: str | None) -> str:
    return (name or "").removeprefix("scsi_").removeprefix("host")


_BY_TYPE: dict[str, Callable[[Pool, Pool], bool]] = {
    "dir": lambda one, other: one.path == other.path,
    "gluster": lambda one, other: (
        (one.source.name, one.source.dir) == (other.source.name, other.source.dir)
        and _same_host(one.source, other.source)
    ),
    "netfs": lambda one, other: one.source.dir == other.source.dir and _same_host(one.source, other.source),
    "scsi": _same_adapter,
    "sheepdog": lambda one, other: _same_host(one.source, other.source),
    "mpath": lambda one, other: True,  # a host has one set of them
    "vstorage": lambda one, other: one.source.name == other.source.name,
}
