"""Sizes in elements that are kept as nodes."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom.xmldef.values import scaled

FACTORS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20}


def in_units(node: Node, unit: str, default: int) -> None:
    """Write a size in a unit.

    :param default: bytes in one, if the element has no unit.
    :raises VirtError: INVALID_ARG for an unknown unit, OVERFLOW for a size past the limit.
    """
    text = node.text.strip()
    if text.isascii() and text.isdigit():
        node.text = str(-(-scaled(int(text), node.get("unit"), default) // FACTORS[unit]))
    node.attrs["unit"] = unit
