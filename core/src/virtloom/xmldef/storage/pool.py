"""A pool's definition (`virStoragePoolDefParseXML`, `virStoragePoolDefFormat`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child, computed, leaf
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import check_name, root_of, text_of, uuid_of
from virtloom.xmldef.storage.adapter import check_adapter
from virtloom.xmldef.storage.options import Option, read_options, write_options
from virtloom.xmldef.storage.paths import sanitized
from virtloom.xmldef.storage.permissions import Permissions, read_permissions
from virtloom.xmldef.storage.refusal import bad, unsupported
from virtloom.xmldef.storage.source import Source, read_source
from virtloom.xmldef.storage.types import POOL_TYPES, PoolType
from virtloom.xmldef.values import Words


class PoolTarget(Definition, tag="target"):
    """Where a pool's volumes are on this host."""

    path: str = leaf()
    permissions: Permissions | None = child(Permissions)


def size_element(tag: str) -> int:
    """A field that is written as a size in bytes and not read: what it tells is not the document's to say."""
    made: int = computed(lambda node: 0, lambda value, node: node.add(tag, {"unit": "bytes"}, str(value)), 0)
    return made


def _write_cow(value: bool, node: Node) -> None:
    node.add("features").add("cow", {"state": values.yes_no.format(value)})


def _write_refresh(value: str, node: Node) -> None:
    node.add("refresh").add("volume", {"allocation": value})


class Pool(Definition, tag="pool"):
    """A pool. Sizes are in bytes, as they were found last.

    :ivar cow: whether its folder is to be copy-on-write; None leaves it.
    :ivar refresh: how a new volume's allocation is reckoned: default or capacity.
    :ivar options: its mount options, or rbd's configuration.
    """

    type: str = attr()
    name: str = leaf()
    uuid: bytes = leaf(values.uuid)
    capacity: int = size_element("capacity")
    allocation: int = size_element("allocation")
    available: int = size_element("available")
    cow: bool | None = computed(lambda node: None, _write_cow)
    source: Source = child(Source)
    target: PoolTarget | None = child(PoolTarget)
    refresh: str | None = computed(lambda node: None, _write_refresh)
    options: tuple[Option, ...] = computed(lambda node: (), lambda value, node: None, ())

    @property
    def kind(self) -> PoolType:
        """What its type means."""
        return POOL_TYPES[self.type]

    @property
    def path(self) -> str:
        """Where its volumes are; "" if not on this host."""
        return self.target.path if self.target is not None else ""

    def node(self, tag: str | None = None) -> Node:
        """See `Definition.node`."""
        made = super().node(tag)
        write_options(made, self.type, self.options)
        return made


_TYPE = Words(*POOL_TYPES)


def parse_pool(text: str) -> Pool:
    """The pool that a document defines.

    :raises VirtError: XML_ERROR, CONFIG_UNSUPPORTED and others, in libvirt's words.
    """
    return pool_of(root_of(text, "storage_pool_definition", "pool", ErrorDomain.STORAGE))


def pool_of(root: Node) -> Pool:
    """The pool that an element defines; see `parse_pool`."""
    kind = _kind(root)
    found = root.find("source")
    source = read_source(found, kind) if found is not None else Source(format_=kind.default)
    name = _name(root, kind, source)
    uuid = uuid_of(root, ErrorDomain.STORAGE)
    cow = _cow(root, kind)
    _check_source(kind, source)
    if "name" in kind.parts and source.name is None:
        source = source.replace(name=name)
    target = None if kind.is_remote else _target(root, kind, source)
    if kind.name == "iscsi-direct" and source.initiator is None:
        raise unsupported("missing initiator IQN")
    return Pool(
        type=kind.name,
        name=name,
        uuid=uuid,
        cow=cow,
        source=source.of_type(kind),
        target=target,
        refresh=_refresh(root),
        options=read_options(root, kind.name),
    )


def _kind(root: Node) -> PoolType:
    word = root.get("type")
    if word is None:
        detail = "Missing required attribute 'type' in element 'pool'"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
    if word not in POOL_TYPES:
        raise values.misfit(_TYPE, "pool", "type", word)
    return POOL_TYPES[word]


def _name(root: Node, kind: PoolType, source: Source) -> str:
    name = text_of(root, "name")
    if name is None and "name" in kind.parts:
        name = source.name
    if name is None:
        raise bad("missing pool source name element")
    check_name(name, ErrorDomain.STORAGE)
    return name


def _cow(root: Node, kind: PoolType) -> bool | None:
    found = root.find("features/cow")
    state = found.get("state") if found is not None else None
    if state is None:
        return None
    if state not in ("yes", "no"):
        raise values.misfit(values.yes_no, "cow", "state", state)
    if kind.name not in ("fs", "dir"):
        detail = "cow feature may only be used for 'fs' and 'dir' pools"
        raise VirtError(ErrorCode.NO_SUPPORT, detail, ErrorDomain.STORAGE)
    return state == "yes"


def _check_source(kind: PoolType, source: Source) -> None:
    if "host" in kind.parts and not source.hosts:
        raise bad("missing storage pool source host name")
    if "dir" in kind.parts and source.dir is None:
        raise bad("missing storage pool source path")
    if "adapter" in kind.parts:
        check_adapter(source.adapter)
    if kind.parts == {"device"} and not source.devices:
        raise bad("missing storage pool source device name")


# Types whose volumes are where the kernel puts them, whatever the document says.
_FIXED_TARGETS = {"logical": "/dev/", "zfs": "/dev/zvol/"}


def _target(root: Node, kind: PoolType, source: Source) -> PoolTarget:
    prefix = _FIXED_TARGETS.get(kind.name)
    path = f"{prefix}{source.name}" if prefix else text_of(root, "target/path")
    if path is None:
        raise bad("missing storage pool target path")
    return PoolTarget(path=sanitized(path), permissions=read_permissions(root, "target/permissions"))


def _refresh(root: Node) -> str | None:
    found = root.find("refresh/volume")
    word = (found.get("allocation") if found is not None else None) or None
    if word is not None and word not in ("default", "capacity"):
        raise unsupported(f"unknown storage pool volume refresh allocation type {word}")
    return word
