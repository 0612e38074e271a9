"""The files that a guest's process opens by itself, by its definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from virtloom.driver.hostdevs import Host
from virtloom.driver.hostdevs.sources import nodes
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.runs.given.devicelist import devices_of

CHARACTERS = ("serials", "parallels", "consoles", "channels")


class GuestFile(NamedTuple):
    """A file that a run's process opens by itself.

    :ivar back: whether it is given back when the run ends; :ivar kept: whether its owner stays whoever it is.
    :ivar readonly: whether it is only read; :ivar label: names whom it is given to, if not the run's user.
    """

    path: str
    back: bool = True
    kept: bool = False
    readonly: bool = False
    label: str | None = None


def files_of(live: Domain) -> Iterator[GuestFile]:
    """The files that a run's process opens by itself.

    Images that are read alone, or shared, are not given back: other guests, of other hosts too, may have them.
    """
    for disk in live.parts.disks:
        for image in images_of(disk):
            yield GuestFile(image.path, image.is_ours, image.kept, image.readonly, image.label)
    yield from _others(live)


def besides(more: Domain, fewer: Domain) -> list[GuestFile]:
    """The files that one definition has besides another's, but for images."""
    known = set(_others(fewer))
    return [one for one in _others(more) if one not in known]


def _others(live: Domain) -> Iterator[GuestFile]:
    """The files that are no images."""
    for kind in CHARACTERS:
        for device in getattr(live.parts, kind):
            if device.type in ("file", "dev", "pipe") and device.source:
                path = device.source[0].get("path")
                if path is not None:
                    yield GuestFile(path, kept=keeps_owner(device.source[0]), label=label_of(device.source[0]))
    if live.os is not None:
        for path in (live.os.kernel, live.os.initrd, live.os.dtb):
            if path:
                yield GuestFile(path)
        if live.os.nvram is not None and live.os.nvram.text.strip():
            yield GuestFile(live.os.nvram.text.strip())
    for module in live.parts.memories:
        path = _text(module, "source/path")
        if path:
            yield GuestFile(path)
    for one in live.parts.inputs:
        path = one.node().value("source", "evdev")
        if path:
            yield GuestFile(path)
    yield from (GuestFile(str(node)) for node in nodes(live.parts.hostdevs, Host()))
    yield from (GuestFile(path, back=False, kept=True) for path in devices_of(live))


class ImageFile(NamedTuple):
    """A file of a disk.

    :ivar number: which its block node is called by; :ivar is_ours: whether only this guest can have it open.
    :ivar kept: whether it says that its owner is to stay; :ivar readonly: whether it is only read.
    :ivar label: names whom it is given to, if it says so.
    """

    path: str
    number: str | None
    is_ours: bool
    kept: bool
    readonly: bool
    label: str | None


def images_of(disk: Disk) -> Iterator[ImageFile]:
    """The files of a disk, its backing ones too."""
    alone, readonly = not (disk.readonly or disk.shareable), disk.readonly
    node: Node | None = disk.node("disk")
    while node is not None:
        source = node.find("source")
        path = (source.get("file") or source.get("dev")) if source is not None else None
        if source is not None and path is not None:
            kept = keeps_owner(source)
            yield ImageFile(path, source.get("index"), alone and not kept, kept, readonly, label_of(source))
        node, alone, readonly = node.find("backingStore"), False, True


def label_of(source: Node) -> str | None:
    """Whom a device says that its file is to be given to."""
    labels = (one.find("label") for one in source.all("seclabel") if one.get("model") in (None, "dac"))
    return next((one.text.strip() for one in labels if one is not None), None)


def keeps_owner(source: Node) -> bool:
    """Whether a device says that its file's owner is to stay."""
    return any(one.get("relabel") == "no" for one in source.all("seclabel") if one.get("model") in (None, "dac"))


def _text(node: Node, path: str) -> str | None:
    found = node.find(path)
    return None if found is None else found.text.strip()
