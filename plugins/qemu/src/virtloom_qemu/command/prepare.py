"""What a definition gets for one run: whole sizes, aliases, the numbers of block nodes, sockets of channels."""

from __future__ import annotations

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.capabilities.descriptions import vhost_user_program
from virtloom_qemu.command.aliases import assign_aliases
from virtloom_qemu.command.alignment import align_memory
from virtloom_qemu.command.block.image import number_images
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.likeness import decide_processor
from virtloom_qemu.command.requisites import require_of_host
from virtloom_qemu.command.values import is_virtiofs, text_of
from virtloom_qemu.definition.guest import Guest
from virtloom_qemu.firmware import choose_firmware

CHARACTERS = ("serial", "parallel", "console", "channel", "smartcard", "redirdev")


def prepare(definition: Domain, context: Context) -> Domain:
    """The definition of one run, which nothing is missing in that QEMU is told.

    :raises VirtError: OPERATION_FAILED if a program is missing that it needs.

    Ports of displays and descriptors are whoever's who starts the guest: they are taken on the host.
    """
    guest = Guest(definition, context.emulator)
    boots = context.incoming is None and context.load_snapshot is None
    folders = context.settings.firmware_folders
    choose_firmware(guest, folders, context.state, boots=boots, reset=context.reset_nvram)
    align_memory(guest)
    decide_processor(guest, context)
    assign_aliases(guest)
    require_of_host(guest, context.settings)
    first = number_images(guest.all("disk"), context.first_image)
    if context.id < 0:
        _number_scsi(guest, first)
    _channels(guest, context)
    _encrypt(guest, context)
    _folders(guest, context)
    return guest.domain()


def _number_scsi(guest: Guest, first: int) -> None:
    """SCSI devices of a line that is shown are counted after the images, as libvirt's are (`qemuDomainPrepareHostdev`);
    those of a run are known by their aliases, which stay the same when devices come and go.
    """
    for number, device in enumerate((one for one in guest.all("hostdev") if one.get("type") == "scsi"), first):
        device.need("source").attrs["index"] = str(number)


def _folders(guest: Guest, context: Context) -> None:
    """Folders that need a server get the one that is installed (`qemuVirtioFSPrepareDomain`)."""
    for device in filter(is_virtiofs, guest.all("filesystem")):
        if device.value("source", "socket") is not None or device.value("binary", "path") is not None:
            continue
        path = vhost_user_program("fs", context.settings.vhost_user_folders)
        if path is None:
            raise VirtError(ErrorCode.OPERATION_FAILED, "Unable to find a satisfying virtiofsd")
        binary = device.find("binary")
        if binary is None:
            binary = Node("binary")
            device.children.insert(1 if device.children and device.children[0].tag == "driver" else 0, binary)
        binary.attrs = {"path": path, **binary.attrs}


def _encrypt(guest: Guest, context: Context) -> None:
    """Character devices over TCP are encrypted if the configuration says so (`qemuDomainPrepareChardevSourceOne`)."""
    devices = [device for tag in CHARACTERS for device in guest.all(tag)]
    devices += [one for rng in guest.all("rng") for one in rng.all("backend")]
    for device in devices if context.settings.chardev_tls else ():
        source = device.find("source")
        if device.get("type") == "tcp" and source is not None:
            source.attrs.setdefault("tls", "yes")


def without_media_formats(live: Domain) -> Domain:
    """A run whose empty drives say nothing of a format: what will be in them says it (`virDomainDiskEmptySource`)."""

    def told(disk: Disk) -> Disk:
        if disk.device not in ("cdrom", "floppy") or disk.source is not None or disk.driver is None:
            return disk
        return disk.replace(driver=Node("driver", {k: v for k, v in disk.driver.attrs.items() if k != "type"}))

    return live.with_devices(disks=tuple(map(told, live.parts.disks)))


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
