"""What a definition says to QEMU directly: `<qemu:commandline>` and `<qemu:override>`."""

from __future__ import annotations

from typing import Any

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.line import CommandLine
from virtloom_qemu.definition.guest import Guest

URI = "http://libvirt.org/schemas/domain/qemu/1.0"


def _element(guest: Guest, name: str) -> Node | None:
    """An element of QEMU's namespace, whatever its prefix."""
    for child in guest.root.children:
        prefix, _, local = child.tag.rpartition(":")
        if local == name and prefix:
            return child
    return None


def _below(node: Node | None, name: str) -> list[Node]:
    return [] if node is None else [one for one in node.children if one.tag.rpartition(":")[2] == name]


def add_own_arguments(guest: Guest, context: Context, line: CommandLine) -> None:
    """Arguments and variables, as they stand."""
    element = _element(guest, "commandline")
    line.argv += [one.attrs.get("value", "") for one in _below(element, "arg")]
    line.env |= {one.attrs.get("name", ""): one.attrs.get("value", "") for one in _below(element, "env")}


def overrides(guest: Guest) -> dict[str, dict[str, Any]]:
    """By alias, the properties of devices that are to be other than the daemon's; None takes one away."""
    found: dict[str, dict[str, Any]] = {}
    for device in _below(_element(guest, "override"), "device"):
        for frontend in _below(device, "frontend"):
            properties = {one.attrs.get("name", ""): _value(one) for one in _below(frontend, "property")}
            found.setdefault(device.attrs.get("alias", ""), {}).update(properties)
    return found


def _value(one: Node) -> Any:
    kind, text = one.get("type"), one.attrs.get("value", "")
    if kind == "remove":
        return None
    if kind in ("signed", "unsigned"):
        return int(text)
    return text == "true" if kind == "bool" else text
