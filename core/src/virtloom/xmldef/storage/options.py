"""Options in a namespace of their own: mount options of file systems, configuration of rbd.

Source: libvirt's `virStoragePoolDefFSNamespaceParse` and `virStoragePoolDefRBDNamespaceParse`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from virtloom.xmldef.document import Node
from virtloom.xmldef.storage.refusal import bad

BASE = "http://libvirt.org/schemas/storagepool/"


class Namespace(NamedTuple):
    """A namespace: the prefix that is written, its URI, and the element that holds the options."""

    prefix: str
    uri: str
    holder: str


FS = Namespace("fs", BASE + "fs/1.0", "mount_opts")
RBD = Namespace("rbd", BASE + "rbd/1.0", "config_opts")
NAMESPACES = {"fs": FS, "netfs": FS, "rbd": RBD}

Option = tuple[str, str | None]


def read_options(root: Node, type_: str) -> tuple[Option, ...]:
    """A pool's own options as pairs of name and value; a mount option has no value.

    :param root: the pool's element, which declares the namespace.
    :raises VirtError: XML_ERROR for an option without what it needs.
    """
    namespace = NAMESPACES.get(type_)
    if namespace is None:
        return ()
    check = _rbd if namespace is RBD else _mount
    return tuple(check(node) for node in _find(root, namespace))


def _find(root: Node, namespace: Namespace) -> Iterator[Node]:
    prefixes = [name[6:] for name, uri in root.attrs.items() if name.startswith("xmlns:") and uri == namespace.uri]
    for prefix in prefixes:
        for holder in root.all(f"{prefix}:{namespace.holder}"):
            yield from holder.all(f"{prefix}:option")


def _mount(node: Node) -> Option:
    name = node.get("name")
    if name is None:
        raise bad("no fs mount option name specified")
    return name, None


def _rbd(node: Node) -> Option:
    name, value = node.get("name"), node.get("value")
    if name is None:
        raise bad("no rbd option name specified")
    if name == "":
        raise bad("empty rbd option name specified")
    if value is None:
        raise bad(f"no rbd option value specified for name '{name}'")
    if value == "":
        raise bad(f"empty rbd option value specified for name '{name}'")
    return name, value


def write_options(root: Node, type_: str, options: tuple[Option, ...]) -> None:
    """Put the options at the end of a pool's element, and declare their namespace in it."""
    if not options:
        return
    namespace = NAMESPACES[type_]
    root.attrs[f"xmlns:{namespace.prefix}"] = namespace.uri
    holder = root.add(f"{namespace.prefix}:{namespace.holder}")
    for name, value in options:
        attributes = {"name": name} if value is None else {"name": name, "value": value}
        holder.add(f"{namespace.prefix}:option", attributes)
