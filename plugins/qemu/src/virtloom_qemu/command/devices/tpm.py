"""Trusted platform modules (`qemuBuildTPMsCommandLine`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.characters import add_backend
from virtloom_qemu.command.devices.common import address
from virtloom_qemu.command.line import CommandLine
from virtloom_qemu.command.values import alias
from virtloom_qemu.definition.guest import Guest


def add_tpms(guest: Guest, context: Context, line: CommandLine) -> None:
    """Trusted platform modules."""
    for device in guest.all("tpm"):
        kind, name = device.value("backend", "type") or "passthrough", f"tpm-{alias(device)}"
        if kind == "passthrough":
            passed = context.descriptors.get(alias(device), ("-1", "-1"))
            line.option("tpmdev", f"passthrough,id={name},path={passed[0]},cancel-path={passed[1]}")
        else:
            add_backend(line, context, "chrtpm", _source(context, device))
            line.option("tpmdev", f"emulator,id={name},chardev=chrtpm")
        props = {"driver": device.get("model"), "tpmdev": name, "id": alias(device)}
        line.device({**props, **address(guest, device)})


def _source(context: Context, device: Node) -> Node:
    path = context.sockets.get(alias(device), "")
    source = device.need("backend").find("source") or Node("source", {"type": "unix", "path": path})
    made = Node("backend", {"type": source.get("type") or "unix"})
    made.children.append(source)
    return made
