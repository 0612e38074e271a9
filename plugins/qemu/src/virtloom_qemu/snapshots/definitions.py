"""A guest's definition in its snapshots, and with the images that a snapshot makes."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom.xmldef.domain.formatting import without_aliases
from virtloom.xmldef.domain.volumes import without_locations
from virtloom_qemu.storage.chain import format_of
from virtloom_qemu.storage.overlays import Overlay, overlaid

NOTHING = Node("source")


def target_of(row: Node) -> tuple[str, str]:
    """The path and the format of the new image that a snapshot's disk gets."""
    source, driver = row.find("source"), row.find("driver")
    path = (source.get("file") or source.get("dev") if source is not None else None) or ""
    return path, (driver.get("type") if driver is not None else None) or "qcow2"


def shown(definition: Domain) -> Domain:
    """A definition as a snapshot keeps it: without what only its run had."""
    return Domain.read(kept(definition, "domain"))


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
