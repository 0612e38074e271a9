"""How a field that is one attribute of one element is read: an empty one counts as absent, or as it stands."""

from __future__ import annotations

import re
from typing import Any

from virtloom.xmldef.document import Node
from virtloom.xmldef.values import Kind, Misfit, misfit


def given(node: Node | None, name: str) -> str | None:
    """An attribute's value; None if it is empty or not there (`virXPathString`)."""
    return (node.get(name) if node is not None else None) or None


def read_as(kind: Kind, node: Node | None, name: str) -> Any:
    """An attribute's value; None if it is not there (`virXMLPropEnum` and its kin).

    :raises VirtError: XML_ERROR if it is none of its kind.
    """
    text = node.get(name) if node is not None else None
    if node is None or text is None:
        return None
    try:
        return kind.parse(text)
    except Misfit:
        raise misfit(kind, node.tag, name, text) from None


def decimal(text: str, high: int = (1 << 64) - 1) -> int | None:
    """A whole number in decimal (`virStrToLong`); None if a text is none, or past its range."""
    if not re.fullmatch(r"\s*\+?[0-9]{1,20}", text, re.ASCII):
        return None
    value = int(text)
    return value if value <= high else None


def number(text: str, high: int = (1 << 32) - 1) -> int | None:
    """The same, in hexadecimal with 0x and in octal with 0 too."""
    found = re.fullmatch(r"\s*\+?(0[xX][0-9a-fA-F]{1,16}|0[0-7]*|[1-9][0-9]{0,19})", text, re.ASCII)
    if found is None:
        return None
    digits = found[1].lower()
    value = int(digits, 16 if "x" in digits else 8 if digits.startswith("0") else 10)
    return value if value <= high else None
