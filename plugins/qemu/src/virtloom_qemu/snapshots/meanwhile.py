"""Images that a guest has open, or was to open, although no definition says so: a daemon died before it could.

| the image | what becomes of it |
|---|---|
| the guest writes to it, on top of the one that its disk shows | it is the disk's: the snapshot had been taken |
| nothing uses it | the guest closes it; its file stays |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.blockjobs.nodes import detach
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.storage.layers import Layer, chain_of_disk, numbers
from virtloom_qemu.storage.overlays import Overlay, overlaid

NODE = re.compile(r"libvirt-(\d+)-(?:format|storage|slice-sto)")


def put_meanwhile(talk: Talk, live: Domain) -> Iterator[Overlay]:
    """The images on top of those that disks show; those of block jobs are the jobs' affair."""
    told = {_alias(one): one.get("inserted") or {} for one in talk.ask("query-block")}
    for disk in live.parts.disks:
        alias = disk.alias.get("name") if disk.alias is not None else None
        over = None if disk.mirror is not None else _over(disk, told.get(alias or "", {}))
        if over is not None:
            yield Overlay(disk, over)


def _alias(entry: dict[str, Any]) -> str:
    """The device of an entry of `query-block`."""
    return str(entry.get("qdev") or "").removesuffix("/virtio-backend").rpartition("/")[2]


def _over(disk: Disk, inserted: dict[str, Any]) -> Disk | None:
    """A disk with the image that its device has, if that lies on the one that the disk shows."""
    layers, found = chain_of_disk(disk).layers, NODE.fullmatch(str(inserted.get("node-name")))
    if not layers or found is None or int(found[1]) in {layer.number for layer in layers}:
        return None
    image = inserted.get("image") or {}
    if image.get("backing-filename") != layers[0].path:
        return None
    return overlaid(disk, "file", str(image.get("filename")), str(inserted.get("drv")), int(found[1]))


def close_unused(talk: Talk, live: Domain) -> None:
    """Have a guest close the images that are no disk's; it refuses for those that a job uses."""
    nodes = (NODE.fullmatch(one["node-name"]) for one in talk.ask("query-named-block-nodes", flat=True))
    for number in {int(found[1]) for found in nodes if found is not None} - numbers(live):
        detach(talk, [Layer("file", "raw", Node("source"), number)])
        talk.tries("object-del", id=f"libvirt-{number}-format-encryption-secret0")
