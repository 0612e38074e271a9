"""What a guest uses an image for: what a hypervisor driver tells the storage driver, so that no two write to one."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.devices import Disk
from virtloom.xmldef.domain.volumes import actual_type

ON_THIS_HOST = ("file", "block")


class Use(Enum):
    """What an image is used for."""

    READ = "reading"
    WRITE = "writing"
    SHARE = "writing, shared"


class ImageUse(NamedTuple):
    """One use of the image at a path of this host."""

    path: str
    use: Use


def uses_of(disk: Disk) -> Iterator[ImageUse]:
    """The images of a disk as a guest that runs uses them: its own by what the disk says, those behind it for reading.

    Those elsewhere than on this host are not told.
    """
    if disk.path is not None and disk.actual_type in ON_THIS_HOST:
        yield ImageUse(disk.path, _use(disk))
    yield from _behind(disk.backing_store)
    if disk.mirror is not None:
        yield from (ImageUse(path, Use.WRITE) for path in _path(disk.mirror))


def _use(disk: Disk) -> Use:
    if disk.readonly or disk.device == "cdrom":
        return Use.READ
    return Use.SHARE if disk.shareable else Use.WRITE


def _behind(store: Node | None) -> Iterator[ImageUse]:
    while store is not None:
        yield from (ImageUse(path, Use.READ) for path in _path(store))
        store = store.find("backingStore")


def _path(holder: Node) -> Iterator[str]:
    source = holder.find("source")
    if source is not None and actual_type(holder.get("type") or "file", source) in ON_THIS_HOST:
        path = source.get("file") or source.get("dev")
        if path:
            yield path
