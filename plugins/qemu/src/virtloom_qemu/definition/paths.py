"""Paths that the daemon makes up for a guest: its firmware's variables, the sockets of its channels."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.refusal import internal
from virtloom_qemu.definition.guest import Guest

LIBVIRT_STATE = Path("/var/lib/libvirt/qemu")  # guests come from a libvirtd's definitions, too


def own_paths(state: Path) -> Callable[[Guest], None]:
    """The step for a driver that keeps its guests' state in a folder."""

    def step(guest: Guest) -> None:
        _variables(guest, state)
        for channel in guest.all("channel"):
            _channel(channel, state)

    return step


def _variables(guest: Guest, state: Path) -> None:
    """Firmware in a file that is not written to keeps its variables in another (`qemuDomainNVRAMPathFormat`)."""
    loader, nvram = guest.root.find("os/loader"), guest.root.find("os/nvram")
    if loader is None or loader.get("type") != "pflash" or loader.get("readonly") != "yes":
        return
    if guest.root.value("os", "firmware") == "efi" or loader.get("stateless") == "yes":
        return
    if nvram is None:
        nvram = Node("nvram")
        system = guest.root.need("os")
        system.children.insert(system.children.index(loader) + 1, nvram)
    name = guest.root.find("name")
    if not nvram.text.strip() and nvram.find("source") is None and name is not None:
        nvram.text = str(state / "nvram" / f"{name.text}_VARS.fd")


def _channel(channel: Node, state: Path) -> None:
    """A socket that an earlier daemon made up is made up anew (`qemuDomainChrDefDropDefaultPath`).

    :raises VirtError: INTERNAL_ERROR for one that is to connect to it again and again.
    """
    source, target = channel.find("source"), channel.find("target")
    if source is None or target is None or channel.get("type") != "unix" or target.get("type") != "virtio":
        return
    folders = "|".join(re.escape(str(folder / "channel" / "target")) for folder in {state, LIBVIRT_STATE})
    name = re.escape(target.get("name") or "")
    if re.search(rf"^(?:{folders})/([^/]+\.)|(domain-[^/]+/){name}$", source.get("path") or ""):
        channel.drop("source")
        reconnect = source.find("reconnect")
        if reconnect is not None and reconnect.get("enabled") is not None:
            raise internal(
                "chardev reconnect is possible only for connect mode"
            )  # a socket that is made is listened at
