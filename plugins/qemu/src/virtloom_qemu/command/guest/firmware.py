"""Firmware: a ROM, or flash memory with the guest's own variables (`qemuBuildDomainLoaderCommandLine`)."""

from __future__ import annotations

from typing import Any

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.line import CommandLine
from virtloom_qemu.definition.guest import Guest

CODE, VARIABLES = "libvirt-pflash0", "libvirt-pflash1"
Props = dict[str, Any]


def pflash_nodes(guest: Guest) -> list[tuple[int, str]]:
    """The flash memories of the machine: unit and block node."""
    loader, nvram = guest.root.find("os/loader"), guest.root.find("os/nvram")
    if loader is None or loader.get("type") != "pflash":
        return []
    found = [(0, f"{CODE}-format")] if loader.text.strip() else []
    return found + ([(1, f"{VARIABLES}-format")] if nvram is not None else [])


def add_flash(guest: Guest, context: Context, line: CommandLine) -> None:
    """The block nodes of the flash memories."""
    loader, nvram = guest.root.find("os/loader"), guest.root.find("os/nvram")
    for unit, _ in pflash_nodes(guest):
        if unit == 0 and loader is not None:
            _nodes(line, CODE, loader.text.strip(), loader.get("readonly") == "yes", loader.get("format"))
        elif nvram is not None:
            _nodes(line, VARIABLES, _path(nvram), False, nvram.get("format"))


def _path(nvram: Node) -> str:
    source = nvram.find("source")
    return nvram.text.strip() if source is None else source.get("file") or source.get("dev") or ""


def _nodes(line: CommandLine, name: str, path: str, readonly: bool, format: str | None) -> None:
    storage: Props = {"driver": "file", "filename": path, "node-name": f"{name}-storage"}
    line.json("blockdev", {**storage, "auto-read-only": True, "discard": "unmap"})
    kind: Props = {"node-name": f"{name}-format", "read-only": readonly, "driver": format or "raw"}
    line.json("blockdev", {**kind, "file": f"{name}-storage"})


def add_loader(guest: Guest, context: Context, line: CommandLine) -> None:
    """The ROM, or that only firmware may write to the flash."""
    loader = guest.root.find("os/loader")
    if loader is None:
        return
    if loader.get("type") == "rom":
        line.option("bios", loader.text.strip())
    elif loader.get("type") == "pflash" and loader.get("secure") == "yes":
        line.option("global", "driver=cfi.pflash01,property=secure,value=on")
