"""Controllers in a document: where a new one stands among the others."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.definition.guest import number


def add_controller(devices: Node, kind: str, index: int, model: str | None = None) -> Node:
    """Add a controller behind those of its kind with a lower number (`virDomainControllerInsertPreAlloced`)."""
    attrs = {"type": kind, "index": str(index)} | ({} if model is None else {"model": model})
    new = Node("controller", attrs)
    at = len(devices.children)
    for place in range(len(devices.children) - 1, -1, -1):
        other = devices.children[place]
        if other.tag == "controller" and other.get("type") == kind:
            if number(other, "index") < index:
                at = place + 1
                break
            at = place
    devices.children.insert(at, new)
    return new
