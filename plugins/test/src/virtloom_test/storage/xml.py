"""Definitions of pools and volumes, checked as `virStoragePoolDefParse` and `virStorageVolDefParse` check them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import check_name, root_of, text_of, uuid_of
from virtloom.xmldef.values import scaled


class PoolKind(NamedTuple):
    """What a type of pool needs in its document.

    :ivar needs: parts that must be there: path, device, dir, host, name, adapter.
    :ivar formats: the formats of its source, the first being the default; () if it has none.
    """

    needs: frozenset[str]
    formats: tuple[str, ...] = ()


def _kind(needs: str, formats: str = "") -> PoolKind:
    return PoolKind(frozenset(needs.split()), tuple(formats.split()))


FILE_SYSTEMS = "auto ext2 ext3 ext4 ufs iso9660 udf gfs gfs2 vfat hfs+ xfs ocfs2 vmfs"
KINDS = {
    "dir": _kind("path"),
    "fs": _kind("path device", FILE_SYSTEMS),
    "netfs": _kind("path host dir", "auto nfs glusterfs cifs"),
    "logical": _kind("path", "unknown lvm2"),
    "disk": _kind("path device", "unknown dos dvh gpt mac bsd pc98 sun lvm2"),
    "iscsi": _kind("path host device"),
    "iscsi-direct": _kind("host device initiator"),
    "scsi": _kind("path adapter"),
    "mpath": _kind("path"),
    "rbd": _kind("name host"),
    "sheepdog": _kind("host name"),
    "gluster": _kind("host name"),
    "zfs": _kind("name"),
    "vstorage": _kind("path name"),
}
SOURCE_ORDER = ("host", "device", "dir", "adapter", "name", "initiator", "format", "auth", "vendor", "product")
MISSING = {
    "host": "missing storage pool source host name",
    "device": "missing storage pool source device name",
    "dir": "missing storage pool source path",
    "adapter": "missing storage pool source adapter",
    "path": "missing storage pool target path",
    "initiator": "missing initiator IQN",
}
CAPACITY = 100 << 30  # bytes of every test pool
LOGICAL_DEFAULT = "lvm2"


def _bad(detail: str) -> VirtError:
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.STORAGE)


@dataclass(frozen=True)
class Pool:
    """A pool's definition; sizes in bytes."""

    type: str
    name: str
    uuid: bytes
    source: Node
    target: Node | None
    capacity: int = CAPACITY
    allocation: int = 0

    @property
    def path(self) -> str:
        """Where its volumes are."""
        return (text_of(self.target, "path") if self.target is not None else None) or ""

    def node(self) -> Node:
        """The definition as an element."""
        root = Node("pool", {"type": self.type})
        root.add("name", text=self.name)
        root.add("uuid", text=str(UUID(bytes=self.uuid)))
        sizes = {"capacity": self.capacity, "allocation": self.allocation, "available": self.capacity - self.allocation}
        for tag, size in sizes.items():
            root.add(tag, {"unit": "bytes"}, str(size))
        root.children.append(self.source)
        if self.target is not None:
            root.children.append(self.target)
        return root

    def using(self, more: int) -> Pool:
        """The definition with so many bytes more in use."""
        return replace(self, allocation=self.allocation + more)


def parse_pool(text: str) -> Pool:
    """A pool of a document.

    :raises VirtError: in libvirt's words.
    """
    return pool_of(root_of(text, "storage_pool_definition", "pool"))


def pool_of(root: Node) -> Pool:
    """A pool of an element; see `parse_pool`."""
    type_ = root.get("type")
    if type_ is None:
        detail = "Missing required attribute 'type' in element 'pool'"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
    kind = KINDS.get(type_)
    if kind is None:
        detail = f"Invalid value for attribute 'type' in element 'pool': '{type_}'."
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
    source = root.find("source") or Node("source")
    name = text_of(root, "name") or (text_of(source, "name") if "name" in kind.needs else None)
    made = _source(source, kind, type_, name)
    if name is None:
        raise _bad("missing pool source name element")
    check_name(name, ErrorDomain.STORAGE)
    uuid = uuid_of(root, ErrorDomain.STORAGE)
    _require(kind, made)
    return Pool(type_, name, uuid, made, _target(root, kind))


def _source(source: Node, kind: PoolKind, type_: str, name: str | None) -> Node:
    """The source as it is written: parts in order, the format told."""
    made = Node("source")
    for tag in SOURCE_ORDER:
        made.children += source.all(tag)
    if kind.formats:
        given = next(iter(source.all("format")), None)
        default = LOGICAL_DEFAULT if type_ == "logical" else kind.formats[0]
        word = (given.get("type") if given is not None else None) or default
        if word not in kind.formats:
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, f"unknown pool format type {word}", ErrorDomain.STORAGE)
        made.children = [child for child in made.children if child.tag != "format"]
        place = sum(child.tag in SOURCE_ORDER[: SOURCE_ORDER.index("format")] for child in made.children)
        made.children.insert(place, Node("format", {"type": word}))
    if type_ == "logical" and made.find("name") is None and name is not None:
        place = sum(child.tag in SOURCE_ORDER[: SOURCE_ORDER.index("name")] for child in made.children)
        made.children.insert(place, Node("name", text=name))
    for adapter in made.all("adapter"):
        adapter.attrs = {"type": adapter.get("type") or "scsi_host", **adapter.attrs}
    return made


def _require(kind: PoolKind, source: Node) -> None:
    for need in ("host", "device", "dir", "adapter", "initiator"):
        if need in kind.needs and source.find(need) is None:
            raise _bad(MISSING[need])


def _target(root: Node, kind: PoolKind) -> Node | None:
    if "path" not in kind.needs:
        return None
    target = root.find("target") or Node("target")
    path = text_of(target, "path")
    if path is None:
        raise _bad(MISSING["path"])
    made = Node("target")
    made.add("path", text=path.rstrip("/") or "/")
    permissions = target.find("permissions")
    if permissions is not None:
        _check_mode(text_of(permissions, "mode"))
        made.children.append(permissions)
    return made


def _check_mode(text: str | None) -> None:
    if text is not None and (not text.strip("01234567") == "" or int(text, 8) > 0o7777):
        raise _bad("malformed octal mode")


@dataclass(frozen=True)
class Volume:
    """A volume's definition; sizes in bytes."""

    name: str
    capacity: int
    allocation: int
    path: str
    target: Node
    backing: Node | None = None

    def node(self) -> Node:
        """The definition as an element."""
        root = Node("volume", {"type": "file"})
        root.add("name", text=self.name)
        root.add("key", text=self.path)
        root.add("capacity", {"unit": "bytes"}, str(self.capacity))
        root.add("allocation", {"unit": "bytes"}, str(self.allocation))
        target = root.add("target")
        target.add("path", text=self.path)
        target.children += self.target.children
        if self.backing is not None:
            root.children.append(self.backing)
        return root


VOLUME_FORMATS = ("raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop", "cow", "qcow",
                  "qcow2", "qed", "vmdk")  # fmt: skip


def parse_volume(text: str, pool: Pool) -> Volume:
    """A volume of a document, in a pool.

    :raises VirtError: in libvirt's words.
    """
    return volume_of(root_of(text, "storage_vol_definition", "volume"), pool)


def volume_of(root: Node, pool: Pool) -> Volume:
    """A volume of an element; see `parse_volume`."""
    name = text_of(root, "name")
    if name is None:
        raise _bad("missing volume name element")
    capacity = _size(root, "capacity", None)
    allocation = _size(root, "allocation", capacity)
    given = root.find("target/format")
    word = (given.get("type") if given is not None else None) or "raw"
    if word not in VOLUME_FORMATS:
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, f"unknown volume format type {word}", ErrorDomain.STORAGE)
    target = Node("target")
    target.add("format", {"type": word})
    permissions = root.find("target/permissions")
    if permissions is not None:
        _check_mode(text_of(permissions, "mode"))
        target.children.append(permissions)
    return Volume(name, capacity, allocation, f"{pool.path}/{name}", target, root.find("backingStore"))


def _size(root: Node, tag: str, default: int | None) -> int:
    node = root.find(tag)
    if node is None:
        if default is None:
            raise _bad(f"missing {tag} element")
        return default
    if not node.text.strip().isdigit():
        raise _bad(f"malformed {tag} element")
    return scaled(int(node.text), node.get("unit"), 1)
