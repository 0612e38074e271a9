"""An image of a disk: where its bytes are, in what format, and how the host is to treat them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.volumes import actual_type


@dataclass(frozen=True)
class Image:
    """One image of a chain.

    :ivar type: `file`, `block`, `network`, ...; :ivar source: its `<source>`.
    :ivar format: `raw`, `qcow2`, ...
    :ivar index: its number in the names of its block nodes.
    :ivar options: the disk's `<driver>`, as far as it is about this image; empty for a backing image.
    :ivar terminated: whether the definition says that nothing is behind it.
    """

    type: str
    source: Node
    format: str
    index: int
    readonly: bool
    is_cdrom: bool = False
    is_floppy: bool = False
    options: Node | None = None
    encryption: Node | None = None
    auth: Node | None = None
    backing: Image | None = None
    terminated: bool = False

    @property
    def storage_node(self) -> str:
        """The name of the node with the bytes."""
        return f"libvirt-{self.index}-storage"

    @property
    def format_node(self) -> str:
        """The name of the node with the format."""
        return f"libvirt-{self.index}-format"

    @property
    def slice_node(self) -> str:
        """The name of the node with the part of the bytes that the image is."""
        return f"libvirt-{self.index}-slice-sto"

    def option(self, name: str) -> str | None:
        """One of the disk's options; `default` says nothing."""
        value = None if self.options is None else self.options.get(name)
        return None if value == "default" else value

    def chain(self) -> Iterator[Image]:
        """This image and those behind it."""
        image: Image | None = self
        while image is not None:
            yield image
            image = image.backing


def image_of(disk: Node) -> Image | None:
    """The image of a disk, with its chain; None for an empty drive."""
    source = disk.find("source")
    if source is None:
        return None
    driver = disk.find("driver")
    device = disk.get("device") or "disk"
    backing = disk.find("backingStore")
    return Image(
        type=actual_type(disk.get("type") or "file", source),
        source=source,
        format=(driver.get("type") if driver is not None else None) or "raw",
        index=int(source.get("index") or 0),
        readonly=disk.find("readonly") is not None,
        is_cdrom=device == "cdrom",
        is_floppy=device == "floppy",
        options=driver,
        encryption=source.find("encryption") or disk.find("encryption"),
        auth=source.find("auth") or disk.find("auth"),
        backing=_backing(backing, driver),
        terminated=backing is not None and not backing.attrs.get("type"),
    )


def _backing(node: Node | None, driver: Node | None) -> Image | None:
    if node is None or node.get("type") is None:
        return None
    below = node.find("backingStore")
    source = node.need("source")
    return Image(
        type=actual_type(node.get("type") or "file", source),
        source=source,
        format=node.value("format", "type") or "raw",
        index=int(node.get("index") or 0),
        readonly=True,
        options=_inherited(driver, node),
        encryption=source.find("encryption"),
        auth=source.find("auth"),
        backing=_backing(below, driver),
        terminated=below is not None and not below.attrs.get("type"),
    )


def _inherited(driver: Node | None, backing: Node) -> Node:
    """What a disk's options say of the images behind its own, and what one of these says of itself."""
    attrs = {} if driver is None else driver.attrs
    options = Node("driver", {name: attrs[name] for name in ("cache", "io") if name in attrs})
    cache = backing.find("format/metadata_cache")
    options.children += [] if cache is None else [cache]
    return options


def number_images(disks: list[Node], first: int = 1) -> int:
    """Number the images of disks that have no number, the last disk's first; the next number is returned.

    When a guest starts, an empty drive takes a number as well (`qemuDomainPrepareDiskSource`).
    """
    starts = not any(node.get("index") is not None for disk in disks for node in _numbered(disk))
    for disk in reversed(disks):
        if disk.get("type") == "vhostuser" or disk.value("target", "bus") == "sd":
            continue
        if disk.find("source") is None and starts:
            first += 1
        for node in _numbered(disk):
            if node.get("index") is None:
                node.attrs["index"] = str(first)
                first += 1
    return first


def _numbered(holder: Node) -> Iterator[Node]:
    """The elements that have the numbers of a disk's images: its `<source>`, and each `<backingStore>`."""
    source = holder.find("source")
    if source is not None and holder.tag != "backingStore":
        yield source
    below = holder.find("backingStore")
    if below is not None and below.get("type") is not None:
        yield below
        yield from _numbered(below)
