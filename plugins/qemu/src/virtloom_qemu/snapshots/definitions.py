"""A guest's definition in its snapshots, and with the images that a snapshot makes."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom.xmldef.domain.formatting import without_aliases
from virtloom.xmldef.domain.volumes import without_locations
from virtloom_qemu.runs.given.interfaces import unplugged
from virtloom_qemu.storage.chain import format_of
from virtloom_qemu.storage.overlays import Overlay, overlaid

NOTHING = Node("source")


def target_of(row: Node) -> tuple[str, str]:
    """The path and the format of the new image that a snapshot's disk gets."""
    source, driver = row.find("source"), row.find("driver")
    path = (source.get("file") or source.get("dev") if source is not None else None) or ""
    return path, (driver.get("type") if driver is not None else None) or "qcow2"


def shown(definition: Domain, config: Domain, cpu: Node | None) -> Domain:
    """A definition as a snapshot keeps it: without what only its run had.

    :param config: what its next start would be, which says what images are to be behind others.
    :param cpu: the processor that it was started with.
    """
    said = {disk.name for disk in config.parts.disks if disk.backing_store is not None}
    lasting = definition.with_devices(
        interfaces=tuple(unplugged(one) for one in definition.parts.interfaces),
        disks=tuple(_lasting(disk, disk.name in said) for disk in definition.parts.disks),
    )
    labels = tuple(one for one in lasting.seclabel if one.get("type") != "dynamic" or one in config.seclabel)
    return Domain.read(kept(lasting.replace(seclabel=labels, cpu=cpu), "domain"))


def _lasting(disk: Disk, chained: bool) -> Disk:
    """A disk without the numbers of its images, and without those behind it unless it was defined with them."""
    node = disk.node("disk").copy()
    if not chained:
        node.drop("backingStore")
    holder: Node | None = node
    while holder is not None:
        source = holder.find("source")
        if source is not None:
            source.attrs.pop("index", None)
        holder = holder.find("backingStore")
    return Disk.read(node)


def cookie(live: Domain) -> Node:
    """What a snapshot of a guest that runs has to say besides: the processor that it really had."""
    made = Node("cookie")
    if live.cpu is not None:
        made.children.append(live.cpu)
    made.add("slirpHelper")
    return made


def as_it_ran(definition: Domain, more: tuple[Node, ...]) -> Domain:
    """A snapshot's definition with the processor that its cookie remembers, if it does."""
    found = next((cpu for node in more if node.tag == "cookie" for cpu in node.all("cpu")), None)
    return definition if found is None else definition.replace(cpu=found)


def kept(definition: Domain, tag: str) -> Node:
    """The element of a definition in a snapshot's document."""
    node = without_locations(without_aliases(definition.replace(id=None).node()))
    node.tag = tag
    return node


def with_sources(config: Domain, changed: dict[str, Overlay]) -> Domain:
    """The kept definition with the new images, for disks that it has from the same image."""
    disks = []
    for disk in config.parts.disks:
        one = changed.get(disk.name)
        if one is None or not _same_image(one.disk, disk):
            disks.append(disk)
            continue
        path, form = one.over.path or "", format_of(one.over)
        disks.append(overlaid(disk, one.over.type, path, form, None))
    return config.with_devices(disks=tuple(disks))


def _same_image(live: Disk, config: Disk) -> bool:
    """Whether a disk that runs and one that is kept are the same image; a volume is told by its name."""
    if "volume" not in (live.type, config.type):
        return live.path == config.path
    names = [[(disk.source or NOTHING).get(name) for name in ("pool", "volume")] for disk in (live, config)]
    return live.type == config.type and names[0] == names[1]
