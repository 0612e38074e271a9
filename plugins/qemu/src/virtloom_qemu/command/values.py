"""How words of the definition are said on the command line."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.definition.guest import number


def switch(text: str | None) -> bool | None:
    """`on` and `yes` are true, `off` and `no` false; what is not said is not said."""
    return None if text is None else text in ("on", "yes")


def on_off(text: str | None) -> str | None:
    """`yes` is said as `on`, `no` as `off`."""
    return {None: None, "yes": "on", "no": "off"}.get(text, text)


def positive(node: Node | None, name: str) -> int | None:
    """A number of an attribute; 0 is the same as nothing."""
    return number(node, name) or None


def optional(node: Node | None, name: str) -> int | None:
    """A number of an attribute, 0 included; None if it is not there."""
    return None if node is None or node.get(name) is None else number(node, name)


def text_of(node: Node | None, path: str) -> str | None:
    """The text of an element on a path, or None if there is none."""
    found = None if node is None else node.find(path)
    return found.text.strip() if found is not None and found.text.strip() else None


def is_virtiofs(device: Node) -> bool:
    """Whether a shared folder has a server of its own."""
    return device.value("driver", "type") == "virtiofs"


def alias(device: Node) -> str:
    """What QEMU knows a device by."""
    return device.value("alias", "name") or ""
