"""Disks that are volumes of pools: named by pool and volume, and for the length of a run also by where the volume is.

While a guest runs, the `<source>` of a `<disk type='volume'>` has beside `pool` and `volume` what the volume's pool
told: `file`, `dev` or `dir`, or the protocol, name and hosts of a source on the network. That is for the daemon alone:
a definition that is shown, or was given by a client, has nothing of it.
"""

from __future__ import annotations

from virtloom.xmldef.document import Node

NAMES = ("pool", "volume", "mode", "startupPolicy", "index")  # of a volume's source, in the order of libvirt's
PLACES = {"file": "file", "dev": "block", "dir": "dir", "protocol": "network"}
FOUND = ("host", "auth", "initiator")  # elements that a source on the network has of its pool
HOLDERS = ("backingStore", "mirror")


def actual_type(kind: str, source: Node | None) -> str:
    """What a source is: for a volume that was located, what its volume is (`virStorageSourceGetActualType`)."""
    if kind != "volume" or source is None:
        return kind
    return next((actual for name, actual in PLACES.items() if name in source.attrs), kind)


def unlocated(disk: Node) -> None:
    """Take out of a disk's element, and those of the images behind it, where its volumes are."""
    source = disk.find("source")
    if disk.get("type") == "volume" and source is not None:
        if "protocol" in source.attrs:
            source.drop(*FOUND)
        source.attrs = {name: source.attrs[name] for name in NAMES if name in source.attrs}
    for tag in HOLDERS:
        for holder in disk.all(tag):
            unlocated(holder)


def is_located(disk: Node) -> bool:
    """Whether some volume of a disk is located."""
    source = disk.find("source")
    here = disk.get("type") == "volume" and source is not None and not PLACES.keys().isdisjoint(source.attrs)
    return here or any(is_located(holder) for tag in HOLDERS for holder in disk.all(tag))


def without_locations(domain: Node) -> Node:
    """A domain's element without where its volumes are; the same one if it has none."""
    devices = domain.find("devices")
    if devices is None or not any(is_located(disk) for disk in devices.all("disk")):
        return domain
    made = domain.copy()
    for disk in made.need("devices").all("disk"):
        unlocated(disk)
    return made
