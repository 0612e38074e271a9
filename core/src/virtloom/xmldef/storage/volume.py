"""A volume's definition (`virStorageVolDefParseXML`, `virStorageVolDefFormat`)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child, children, computed, leaf
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import root_of, text_of
from virtloom.xmldef.storage.permissions import Permissions, read_permissions
from virtloom.xmldef.storage.pool import size_element
from virtloom.xmldef.storage.refusal import bad, unsupported
from virtloom.xmldef.storage.secrets import Encryption, read_encryption
from virtloom.xmldef.storage.types import PoolType
from virtloom.xmldef.values import scaled

VOLUME_TYPES = ("file", "block", "dir", "network", "netdir", "ploop")  # in the order of `virStorageVolType`
FEATURES = ("lazy_refcounts", "extended_l2")
SIZE_MAX = (1 << 63) - 1  # bytes: what an offset in a file can be


class Capacity(Enum):
    """Whether a document must say how large a volume is to be."""

    REQUIRED = "required"
    OPTIONAL_WITH_BACKING = "optional with a backing store"
    OPTIONAL = "optional"


def _time(value: tuple[int, int]) -> str:
    seconds, nanoseconds = value
    return f"{seconds}.{nanoseconds:09d}" if nanoseconds else str(seconds)


def _timestamp(tag: str) -> tuple[int, int]:
    made: tuple[int, int] = computed(lambda node: None, lambda value, node: node.add(tag, text=_time(value)))
    return made


class Timestamps(Definition, tag="timestamps"):
    """A file's times, each in seconds and nanoseconds since the epoch."""

    atime: tuple[int, int] = _timestamp("atime")
    mtime: tuple[int, int] = _timestamp("mtime")
    ctime: tuple[int, int] = _timestamp("ctime")
    btime: tuple[int, int] = _timestamp("btime")


def _write_format(value: str, node: Node) -> None:
    node.add("format", {"type": value})


def _write_features(value: frozenset[str], node: Node) -> None:
    holder = node.add("features")
    for feature in FEATURES:
        if feature in value:
            holder.add(feature)


class VolumeTarget(Definition, tag="target"):
    """Where a volume, or what it is based on, is, and what it consists of.

    :ivar cluster_size: in bytes; 0 if unknown.
    :ivar features: the image's; None if they are not known.
    :ivar nocow: whether a new file is to be excepted from copy-on-write; not written.
    """

    path: str | None = leaf()
    format_: str | None = computed(lambda node: None, _write_format)
    permissions: Permissions | None = child(Permissions)
    timestamps: Timestamps | None = child(Timestamps)
    encryption: Encryption | None = child(Encryption)
    compat: str | None = leaf()
    cluster_size: int = computed(
        lambda node: 0, lambda value, node: node.add("clusterSize", {"unit": "B"}, str(value)) if value else None, 0
    )
    features: frozenset[str] | None = computed(lambda node: None, _write_features)
    nocow: bool = computed(lambda node: False, lambda value, node: None, False)


class VolumeExtent(Definition, tag="extent"):
    """A part of a device that a volume has, in bytes."""

    start: int = attr(values.ulong)
    end: int = attr(values.ulong)


class VolumeDevice(Definition, tag="device"):
    """The parts of one device that a volume has."""

    path: str = attr()
    extents: tuple[VolumeExtent, ...] = children(VolumeExtent)


class Volume(Definition, tag="volume"):
    """A volume. Sizes are in bytes.

    :ivar devices: what a volume on parts of devices consists of.
    :ivar physical: the end of the file; 0 if unknown, which is not written.
    :ivar is_allocation_given: whether the document said how much of it to allocate.
    """

    type: str = attr(default="file")
    name: str = leaf()
    key: str | None = leaf()
    devices: tuple[VolumeDevice, ...] = children(VolumeDevice, "source/device")
    capacity: int = size_element("capacity")
    allocation: int = size_element("allocation")
    physical: int = computed(
        lambda node: 0, lambda value, node: node.add("physical", {"unit": "bytes"}, str(value)) if value else None, 0
    )
    target: VolumeTarget = child(VolumeTarget)
    backing: VolumeTarget | None = child(VolumeTarget, "backingStore")
    is_allocation_given: bool = computed(lambda node: False, lambda value, node: None, False)

    @property
    def path(self) -> str:
        """Where it is."""
        return self.target.path or ""


def parse_volume(text: str, kind: PoolType, capacity: Capacity = Capacity.REQUIRED) -> Volume:
    """The volume that a document defines.

    :param kind: the type of the pool that it is for.
    :param capacity: whether the document must say how large it is.
    :raises VirtError: XML_ERROR, CONFIG_UNSUPPORTED and others, in libvirt's words.
    """
    return volume_of(root_of(text, "storage_volume_definition", "volume", ErrorDomain.STORAGE), kind, capacity)


def volume_of(root: Node, kind: PoolType, capacity: Capacity = Capacity.REQUIRED) -> Volume:
    """The volume that an element defines; see `parse_volume`."""
    name = text_of(root, "name")
    if name is None:
        raise bad("missing volume name element")
    type_ = root.get("type") or "file"
    if type_ not in VOLUME_TYPES:
        raise unsupported(f"unknown volume type '{type_}'")
    backing = _backing(root, kind)
    size = _capacity(root, capacity, backing)
    allocation = _size(root, "allocation")
    return Volume(
        type=type_,
        name=name,
        key=text_of(root, "key"),
        capacity=size,
        allocation=size if allocation is None else allocation,
        target=_target(root, kind),
        backing=backing,
        is_allocation_given=allocation is not None,
    )


def _backing(root: Node, kind: PoolType) -> VolumeTarget | None:
    path = text_of(root, "backingStore/path")
    if path is None:
        return None
    format_ = kind.volume_format(_format_word(root, "backingStore/format"))
    permissions = read_permissions(root, "backingStore/permissions")
    return VolumeTarget(path=path, format_=format_, permissions=permissions)


def _format_word(root: Node, path: str) -> str | None:
    found = root.find(path)
    return (found.get("type") if found is not None else None) or None


def _capacity(root: Node, need: Capacity, backing: VolumeTarget | None) -> int:
    size = _size(root, "capacity")
    if size is not None:
        return size
    if need is Capacity.REQUIRED or (need is Capacity.OPTIONAL_WITH_BACKING and backing is None):
        raise bad("missing capacity element")
    return 0


def _size(root: Node, tag: str) -> int | None:
    found = root.find(tag)
    if found is None or not found.text:
        return None
    digits = found.text.strip()
    if not digits.isdecimal() or int(digits) >= 1 << 64:
        raise bad("malformed capacity element")
    return scaled(int(digits), found.get("unit"), 1, SIZE_MAX)


def _target(root: Node, kind: PoolType) -> VolumeTarget:
    node = root.find("target") or Node("target")
    format_ = kind.volume_format(_format_word(node, "format"))
    permissions = read_permissions(node, "permissions")
    encryption = node.find("encryption")
    encrypted = None if encryption is None else read_encryption(encryption)
    compat = text_of(node, "compat")
    _check_compat(compat)
    cluster_size = _cluster_size(node)
    features = _features(node)
    return VolumeTarget(
        path=text_of(node, "path"),
        format_=format_,
        permissions=permissions,
        encryption=encrypted,
        compat="1.1" if compat is None and features is not None else compat,
        cluster_size=cluster_size,
        features=features,
        nocow=node.find("nocow") is not None,
    )


def _check_compat(compat: str | None) -> None:
    if compat is None:
        return
    parts: Sequence[str] = compat.split(".", 1)
    if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
        raise bad("forbidden characters in 'compat' attribute")


def _cluster_size(node: Node) -> int:
    found = node.find("clusterSize")
    if found is None or not found.text:
        return 0
    text, unit = found.text.strip(), found.get("unit")
    if not text.isdecimal():
        detail = f"Invalid value '{found.text}' for element or attribute './target/clusterSize'"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.NONE)
    return scaled(int(text), unit)


def _features(node: Node) -> frozenset[str] | None:
    found = node.find("features")
    if found is None:
        return None
    for feature in found.children:
        if feature.tag not in FEATURES:
            raise unsupported(f"unsupported feature {feature.tag}")
    return frozenset(feature.tag for feature in found.children)
