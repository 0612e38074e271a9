"""A definition's file systems, as the driver uses them."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain

SOURCES = {"mount": "dir", "file": "file", "block": "dev", "bind": "dir", "ram": "usage"}
UNSUPPORTED = {
    "template": ("make a root of a template with lxc-create(1), and give its folder with type 'mount'",),
    "volume": ("give the volume's path with type 'file' or 'block'",),
}


class Filesystem(NamedTuple):
    """One file system of a container.

    :ivar kind: `mount`, `file`, `block`, `bind` or `ram`; :ivar source: a path, or for `ram` the size in KiB.
    :ivar target: where it is seen inside, in its shortest form: one that leads to `/` by a detour is the root as well.
    """

    kind: str
    source: str
    target: str
    readonly: bool

    @property
    def is_root(self) -> bool:
        """Whether it is the container's root."""
        return self.target == "/"


def filesystem(node: Node) -> Filesystem:
    """The file system of an element.

    :raises VirtError: CONFIG_UNSUPPORTED for what a container cannot have.
    """
    kind = node.get("type") or "mount"
    if kind not in SOURCES:
        raise _unsupported(": ".join([f"Unexpected filesystem type {kind}", *UNSUPPORTED.get(kind, ())]))
    source, target, driver = node.find("source"), node.find("target"), node.find("driver")
    format = driver.get("format") if driver is not None else None
    if kind == "file" and format not in (None, "raw"):
        raise _unsupported(f"fs format '{format}' is not supported: a container's image is raw, on a loop device")
    hard = node.find("space_hard_limit")
    if node.find("space_soft_limit") is not None or (hard is not None and kind != "ram"):
        kept = "a space_hard_limit of type 'ram' is kept, elsewhere the file system's own size is the limit"
        raise _unsupported(f"quotas are not supported for this filesystem type: {kept}")
    given = source.get(SOURCES[kind]) if source is not None else None
    inside = target.get("dir") if target is not None else None
    if not given or not inside or not inside.startswith("/"):
        raise _unsupported(f"a filesystem of type '{kind}' needs a source and an absolute target")
    if hard is not None:
        given = str(min(int(given), int(hard.text) >> 10))
    place = "/" + posixpath.normpath(inside).lstrip("/")
    return Filesystem(kind, given, place, node.find("readonly") is not None)


def filesystems(domain: Domain) -> list[Filesystem]:
    """All file systems, the root first, those above others before them."""
    every = [filesystem(node) for node in domain.parts.filesystems]
    return sorted(every, key=lambda one: one.target.rstrip("/").count("/"))


def root_of(domain: Domain) -> Filesystem | None:
    """The container's root."""
    return next((one for one in filesystems(domain) if one.is_root), None)


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.LXC)
