"""New images on top of those that a running guest has open, put there without a pause (`blockdev-snapshot`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.command.block.image import image_of
from virtloom_qemu.command.block.nodes import format_node, storage_node
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.storage.layers import Chain, Layer, chain_of_disk, with_layers


class Overlay(NamedTuple):
    """A new image for one disk.

    :ivar disk: as it was; :ivar over: as it is with the image on top.
    """

    disk: Disk
    over: Disk


def overlaid(disk: Disk, kind: str, path: str, form: str, index: int | None) -> Disk:
    """A disk with a new image on top of its own, which becomes what is behind it.

    :param kind: of the source: `file` or `block`; :param index: the new image's number; None if the guest does not run.
    """
    top = Layer(kind, form, Node("source", {"file" if kind == "file" else "dev": path}), index)
    if index is None:
        return with_layers(disk, Chain((top,)))
    return with_layers(disk, Chain((top, *chain_of_disk(disk).layers), ended=True))


def put(talk: Talk, overlays: Sequence[Overlay]) -> None:
    """Have a guest use new images, all at the same moment.

    :raises VirtError: nothing is changed then.
    """
    added: list[str] = []
    try:
        actions = []
        for one in overlays:
            below, above = image_of(one.disk.node()), image_of(one.over.node())
            assert below is not None
            assert above is not None
            for props in (storage_node(above), {**format_node(above), "backing": None}):
                talk.monitor.execute("blockdev-add", props)  # with `backing: null`, which opens nothing
                added.append(props["node-name"])
            data = {"node": below.format_node, "overlay": above.format_node}
            actions.append({"type": "blockdev-snapshot", "data": data})
        talk.ask("transaction", actions=actions)
    except BaseException:
        for name in reversed(added):
            talk.tries("blockdev-del", node_name=name)
        raise
