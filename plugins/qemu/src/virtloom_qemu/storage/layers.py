"""A disk's chain as a sequence of images, the one that is written to first.

A definition has the chain as nested elements; what changes a chain (a snapshot, a block job) takes layers out of it,
puts others on top, or asks which one a client means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.storage.chain import format_of

END = Node("backingStore")  # says that nothing is behind an image


class Layer(NamedTuple):
    """One image.

    :ivar type: where it is: `file`, `block`, `network`, ...; :ivar source: its `<source>`, without its number.
    :ivar number: its number in the names of its block nodes; None in a definition that does not run.
    """

    type: str
    format: str
    source: Node
    number: int | None = None

    @property
    def path(self) -> str | None:
        """Its file or device, or its name on a server."""
        return self.source.get("file") or self.source.get("dev") or self.source.get("name")

    @property
    def node(self) -> str:
        """The name of its block node."""
        return f"libvirt-{self.number}-format"

    def is_at(self, other: Layer) -> bool:
        """Whether both are the same image, wherever each is in its chain (`virStorageSourceIsSameLocation`)."""
        return self.path == other.path and self.source.get("protocol") == other.source.get("protocol")


class Chain(NamedTuple):
    """All images of a disk.

    :ivar ended: whether it is known that nothing is behind the last one.
    """

    layers: tuple[Layer, ...]
    ended: bool = False

    def place(self, number: int | None) -> int:
        """Where the image with a number is; the chain's length for None, which is what is behind the last one."""
        numbers = [layer.number for layer in self.layers]
        return len(numbers) if number is None else numbers.index(number)

    def without(self, begin: int, end: int) -> Chain:
        """The chain with some layers taken out; it is known to end where the rest of it is none."""
        return Chain(self.layers[:begin] + self.layers[end:], self.ended or end >= len(self.layers))


def chain_of_disk(disk: Disk) -> Chain:
    """The chain of a disk; an empty drive has none."""
    if disk.source is None:
        return Chain(())
    layers = [_layer(disk.type, format_of(disk), disk.source, disk.source.get("index"))]
    behind = disk.backing_store
    while behind is not None and behind.get("type") is not None:
        form = behind.value("format", "type") or "raw"
        source = behind.find("source") or Node("source")
        layers.append(_layer(behind.get("type") or "file", form, source, behind.get("index")))
        behind = behind.find("backingStore")
    return Chain(tuple(layers), behind is not None)


def _layer(kind: str, form: str, source: Node, index: str | None) -> Layer:
    bare = source.copy()
    bare.attrs.pop("index", None)
    return Layer(kind, form, bare, None if index is None else int(index))


def with_layers(disk: Disk, chain: Chain) -> Disk:
    """A disk with another chain; what it says besides of its driver stays."""
    top = chain.layers[0]
    driver = Node("driver", {**(disk.driver.attrs if disk.driver is not None else {"name": "qemu"})})
    driver.attrs["type"] = top.format
    driver.children = disk.driver.children if disk.driver is not None else []
    return disk.replace(type=top.type, driver=driver, source=source_of(top), backing_store=behind(chain))


def source_of(layer: Layer) -> Node:
    """The `<source>` of the image that a disk shows, with its number."""
    made = layer.source.copy()
    if layer.number is not None:
        made.attrs["index"] = str(layer.number)
    return made


def behind(chain: Chain) -> Node | None:
    """The `<backingStore>` with all layers but the first; None if nothing is known of them."""
    made = END if chain.ended else None
    for layer in reversed(chain.layers[1:]):
        node = Node("backingStore", {"type": layer.type})
        if layer.number is not None:
            node.attrs["index"] = str(layer.number)
        node.add("format", {"type": layer.format})
        node.children.append(layer.source)
        if made is not None:
            node.children.append(made)
        made = node
    return made


def numbers(live: Domain) -> set[int]:
    """The numbers of a guest's images."""
    disks = [*live.parts.disks, *(mirror_as_disk(disk) for disk in live.parts.disks if disk.mirror is not None)]
    return {layer.number for disk in disks for layer in chain_of_disk(disk).layers if layer.number is not None}


def highest_number(live: Domain) -> int:
    """The highest number of a guest's images; 0 if none has one."""
    return max(numbers(live), default=0)


def numbers_taken(live: Domain) -> int:
    """How many numbers a guest's start took: one for each image, and one for each drive that is empty."""
    return sum(len(chain_of_disk(disk).layers) or 1 for disk in live.parts.disks)


def mirror_as_disk(disk: Disk) -> Disk:
    """A disk as it is once its mirror has taken its place."""
    mirror = disk.mirror
    assert mirror is not None
    source = mirror.find("source") or Node("source")
    form = mirror.value("format", "type") or "raw"
    top = _layer(mirror.get("type") or "file", form, source, source.get("index"))
    made = with_layers(disk, Chain((top,)))
    return made.replace(backing_store=mirror.find("backingStore"), mirror=None)


def mirror_of(chain: Chain, job: str, ready: str | None = None) -> Node:
    """The `<mirror>` that tells of an image that a disk is copied or committed to (`virDomainDiskDefFormatMirror`).

    :param job: `copy` or `active-commit`; :param ready: `yes`, `pivot` or `abort`; None while it is not in step yet.
    """
    top = chain.layers[0]
    attrs = {"type": top.type}
    if job == "copy" and top.type == "file":
        attrs |= {"file": top.path or "", "format": top.format}
    attrs["job"] = job
    if ready is not None:
        attrs["ready"] = ready
    made = Node("mirror", attrs)
    made.add("format", {"type": top.format})
    made.children.append(source_of(top))
    below = behind(chain)
    if below is not None:
        made.children.append(below)
    return made


def with_disk(definition: Domain, changed: Disk) -> Domain:
    """A definition with one disk changed, found by the guest's name for it."""
    disks: Sequence[Disk] = definition.parts.disks
    return definition.with_devices(disks=tuple(changed if one.name == changed.name else one for one in disks))
