"""What a definition gets for one run: whole sizes, aliases, the numbers of block nodes, sockets of channels."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.command.aliases import assign_aliases
from virtloom_qemu.command.alignment import align_memory
from virtloom_qemu.command.block.image import number_images
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.likeness import decide_processor
from virtloom_qemu.command.values import text_of
from virtloom_qemu.definition.guest import Guest
from virtloom_qemu.firmware import choose_firmware


def prepare(definition: Domain, context: Context) -> Domain:
    """The definition of one run, which nothing is missing in that QEMU is told.

    Ports of displays and descriptors are whoever's who starts the guest: they are taken on the host.
    """
    guest = Guest(definition, context.emulator)
    boots = context.incoming is None and context.load_snapshot is None
    folders = context.settings.firmware_folders
    choose_firmware(guest, folders, context.state, boots=boots, reset=context.reset_nvram)
    align_memory(guest)
    decide_processor(guest, context)
    assign_aliases(guest)
    number_images(guest.all("disk"), context.first_image)
    _channels(guest, context)
    return guest.domain()


def _channels(guest: Guest, context: Context) -> None:
    """Channels over sockets that have no path get one (`qemuDomainPrepareChannel`)."""
    folder = context.channel_folder(text_of(guest.root, "name") or "")
    for channel in guest.all("channel"):
        if channel.get("type") != "unix" or channel.value("target", "type") != "virtio":
            continue
        source = channel.find("source")
        if source is None:
            source = Node("source")
            channel.children.insert(0, source)
        if source.get("path") is None:
            name = channel.value("target", "name") or channel.value("alias", "name")
            source.attrs |= {"mode": "bind", "path": f"{folder}/{name}"}
