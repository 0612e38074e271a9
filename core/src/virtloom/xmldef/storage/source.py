"""Where a pool's storage comes from (`virStoragePoolDefParseSource`)."""

from __future__ import annotations

from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child, children, computed, leaf
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import text_of
from virtloom.xmldef.storage.adapter import Adapter, read_adapter
from virtloom.xmldef.storage.paths import sanitized
from virtloom.xmldef.storage.refusal import bad, unsupported
from virtloom.xmldef.storage.secrets import Auth, read_auth
from virtloom.xmldef.storage.types import PoolType


class Host(Definition, tag="host"):
    """A server."""

    name: str = attr()
    port: int | None = attr(values.integer)


class Extent(Definition, tag="freeExtent"):
    """Free room on a device, in bytes."""

    start: int = attr(values.ulong)
    end: int = attr(values.ulong)


class Device(Definition, tag="device"):
    """A device of this host, or a target's name."""

    path: str = attr()
    part_separator: bool | None = attr(values.yes_no)
    free: tuple[Extent, ...] = children(Extent)


def _attribute(path: str, name: str) -> Any:
    """A field that is one attribute of one element."""
    *parents, tag = path.split("/")

    def read(node: Node) -> str | None:
        found = node.find(path)
        return (found.get(name) if found is not None else None) or None

    def write(value: str, node: Node) -> None:
        for parent in parents:
            node = node.add(parent)
        node.add(tag, {name: value})

    return computed(read, write)


class Source(Definition, tag="source"):
    """Where a pool's storage comes from: only the parts that its type has are set."""

    hosts: tuple[Host, ...] = children(Host, "host")
    devices: tuple[Device, ...] = children(Device, "device")
    dir: str | None = _attribute("dir", "path")
    adapter: Adapter | None = child(Adapter)
    name: str | None = leaf()
    initiator: str | None = _attribute("initiator/iqn", "name")
    format_: str | None = _attribute("format", "type")
    auth: Auth | None = child(Auth)
    protocol: str | None = _attribute("protocol", "ver")
    vendor: str | None = _attribute("vendor", "name")
    product: str | None = _attribute("product", "name")

    def of_type(self, type_: PoolType) -> Source:
        """The source with only the parts that a type has."""
        fields = {"host": "hosts", "device": "devices"}
        dropped = {"host", "device", "dir", "adapter", "name", "initiator"} - type_.parts
        absent = {fields.get(part, part): () if part in fields else None for part in dropped}
        return self.replace(**absent)


def read_source(node: Node, type_: PoolType) -> Source:
    """The source of a pool, whole: what its type does not have is there still, so that it can be checked.

    :raises VirtError: XML_ERROR or CONFIG_UNSUPPORTED, in libvirt's words and order.
    """
    name = text_of(node, "name")
    if type_.name == "rbd" and name is None:
        raise bad("element 'name' is mandatory for RBD pool")
    format_ = type_.source_format(_given(node, "format", "type"))
    hosts = tuple(_host(found) for found in node.all("host"))
    devices = tuple(_device(found) for found in node.all("device"))
    dir_ = _given(node, "dir", "path")
    adapter = node.find("adapter")
    auth = node.find("auth")
    return Source(
        hosts=hosts,
        devices=devices,
        dir=sanitized(dir_) if dir_ else "/" if type_.name == "gluster" else None,
        adapter=None if adapter is None else read_adapter(adapter),
        name=name,
        initiator=_given(node, "initiator/iqn", "name"),
        format_=format_,
        auth=None if auth is None else read_auth(auth),
        protocol=_protocol(node, type_, format_),
        vendor=_given(node, "vendor", "name"),
        product=_given(node, "product", "name"),
    )


def _given(node: Node, path: str, name: str) -> str | None:
    found = node.find(path)
    return (found.get(name) if found is not None else None) or None


def _host(node: Node) -> Host:
    if node.get("name") is None:
        raise bad("missing storage pool host name")
    made = Host.read(node)
    return made if made.port else made.replace(port=None)


def _device(node: Node) -> Device:
    if node.get("path") is None:
        raise bad("missing storage pool source device path")
    return Device.read(node).replace(free=())


def _protocol(node: Node, type_: PoolType, format_: str | None) -> str | None:
    version = _given(node, "protocol", "ver")
    if version is None:
        return None
    # libvirt compares the format's number whatever the type is: the first two are netfs's auto and nfs.
    number = type_.formats.index(format_) if format_ is not None else 0
    if number > 1:
        raise unsupported(f"storage pool protocol ver unsupported for pool type '{format_}'")
    if "," in version:
        detail = f"storage pool protocol ver '{version}' must not contain ','"
        raise VirtError(ErrorCode.XML_DETAIL, detail, ErrorDomain.STORAGE)
    return version
