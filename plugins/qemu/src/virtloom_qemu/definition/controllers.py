"""Controllers in a document: where a new one stands among the others."""

from __future__ import annotations

from virtloom.xmldef.document import Node


def add_controller(devices: Node, kind: str, index: int, model: str | None = None) -> Node:
    """Add a controller behind all others (`virDomainDefAddController`)."""
    attrs = {"type": kind, "index": str(index)} | ({} if model is None else {"model": model})
    return devices.add("controller", attrs)
