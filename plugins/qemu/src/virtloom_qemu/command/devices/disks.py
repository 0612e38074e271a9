"""Disks, CD-ROMs and floppies (`qemuBuildDiskDeviceProps`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.defaults.disks import disk_index
from virtloom_qemu.command.block.image import Image, image_of
from virtloom_qemu.command.block.nodes import CACHE, add_nodes
from virtloom_qemu.command.block.protocols import add_credentials
from virtloom_qemu.command.block.reservations import add_managers
from virtloom_qemu.command.block.secrets import Given, add_secrets
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.characters import add_backend
from virtloom_qemu.command.devices.common import Props, address, boot_index, virtio
from virtloom_qemu.command.line import CommandLine, given, joined
from virtloom_qemu.command.values import alias, positive, switch, text_of
from virtloom_qemu.definition.guest import Guest, number

DRIVERS = {"usb": "usb-storage", "fdc": "floppy"}


def add_disks(guest: Guest, context: Context, line: CommandLine) -> None:
    """Every disk: the nodes of its image, then the device."""
    _floppy_controller(guest, line)
    for disk in guest.all("disk"):
        if disk.value("transient", "shareBacking") == "yes":
            continue  # it is plugged in when its overlay is there
        image = image_of(disk)
        if disk.value("target", "bus") == "sd":
            _sd_card(disk, image, line)
            continue
        if disk.get("type") == "vhostuser":
            add_backend(line, context, f"chr-vu-{alias(disk)}", disk.need("source"), "charvhostuser")
        else:
            add_image(line, disk, Given(context.descriptors, context.secrets, context.secrets_key))
        line.device(disk_properties(guest, disk))


def add_image(line: CommandLine, disk: Node, secrets: Given) -> None:
    """The nodes of a disk's image, with what they need; nothing for an empty drive."""
    image = image_of(disk)
    if image is not None:
        add_managers(line, image)
        add_secrets(line, image, secrets)
        add_credentials(line, image)
        add_nodes(line, image)
        add_copy_on_read(line, disk, image)


def add_copy_on_read(line: CommandLine, disk: Node, image: Image) -> None:
    """The filter that keeps what it reads of a backing image, if the disk asks for it."""
    if disk.value("driver", "copy_on_read") == "on":
        props = {"driver": "copy-on-read", "node-name": f"libvirt-CoR-{disk.value('target', 'dev')}"}
        line.json("blockdev", {**props, "file": image.format_node, "discard": "unmap"})


def backend_node(disk: Node) -> str | None:
    """The block node that a disk's device is given; None for an empty drive."""
    image = image_of(disk)
    if image is None:
        return None
    if disk.value("driver", "copy_on_read") == "on":
        return f"libvirt-CoR-{disk.value('target', 'dev')}"
    return image.format_node


def _floppy_controller(guest: Guest, line: CommandLine) -> None:
    floppies = [disk for disk in guest.all("disk") if disk.value("target", "bus") == "fdc"]
    turns: dict[str, int | None] = {"bootindexA": None, "bootindexB": None}
    for floppy in floppies:
        unit = number(floppy.find("address"), "unit")
        turns["bootindexB" if unit else "bootindexA"] = boot_index(guest, floppy)
    if floppies and guest.is_q35:
        line.device({"driver": "isa-fdc", **turns})
    elif floppies:
        for name, turn in given(turns).items():
            line.option("global", f"isa-fdc.{name}={turn}")


def _sd_card(disk: Node, image: Image | None, line: CommandLine) -> None:
    """A memory card of a board, which only `-drive` can give it."""
    path = None if image is None else image.source.get("file") or image.source.get("dev")
    options = {
        "file": path,
        "format": None if image is None else image.format,
        "if": "sd",
        "index": disk_index(disk.value("target", "dev") or ""),
        "readonly": "on" if image is not None and image.readonly else None,
    }
    line.option("drive", joined(None, options))


def disk_properties(guest: Guest, disk: Node) -> Props:
    """The device that the guest sees.

    :raises VirtError: INTERNAL_ERROR for a bus that QEMU does not have.
    """
    driver, geometry = disk.find("driver"), disk.find("geometry")
    block, target = disk.find("blockio"), disk.find("target")
    image = image_of(disk)
    writes, reads = _error_policy(driver)
    vhost_user = disk.get("type") == "vhostuser"
    return given(
        {
            **_bus(disk),
            **address(guest, disk),
            "device_id": _device_id(disk),
            "share-rw": True if disk.find("shareable") is not None else None,
            "drive": None if vhost_user or image is None else backend_node(disk),
            "chardev": f"chr-vu-{alias(disk)}" if vhost_user else None,
            "id": alias(disk),
            "bootindex": None if disk.get("device") == "floppy" else boot_index(guest, disk),
            "logical_block_size": positive(block, "logical_block_size"),
            "physical_block_size": positive(block, "physical_block_size"),
            "wwn": _wwn(disk),
            "rotation_rate": positive(target, "rotation_rate"),
            "vendor": text_of(disk, "vendor"),
            "product": text_of(disk, "product"),
            "removable": _removable(disk),
            "write-cache": _write_cache(disk),
            "cyls": positive(geometry, "cyls"),
            "heads": positive(geometry, "heads"),
            "secs": positive(geometry, "secs"),
            "bios-chs-trans": geometry.get("trans") if geometry is not None else None,
            "serial": text_of(disk, "serial"),
            "werror": writes,
            "rerror": reads,
        }
    )


def _bus(disk: Node) -> Props:
    bus, device = disk.value("target", "bus") or "", disk.get("device") or "disk"
    if bus == "virtio":
        return _virtio(disk)
    if bus in ("ide", "sata"):
        return {"driver": "ide-cd" if device == "cdrom" else "ide-hd"}
    if bus == "scsi":
        return {"driver": {"lun": "scsi-block", "cdrom": "scsi-cd"}.get(device, "scsi-hd")}
    if bus not in DRIVERS:
        detail = f"unsupported disk bus '{bus}' with device setup"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
    return {"driver": DRIVERS[bus]}


def _virtio(disk: Node) -> Props:
    driver = disk.find("driver")
    base = "vhost-user-blk" if disk.get("type") == "vhostuser" else "virtio-blk"
    thread = positive(driver, "iothread")
    scsi = disk.get("device") == "lun" and base == "virtio-blk"
    return {
        **virtio(base, disk, disk.get("model")),
        "iothread": None if thread is None else f"iothread{thread}",
        "ioeventfd": switch(driver.get("ioeventfd")) if driver is not None else None,
        "event_idx": switch(driver.get("event_idx")) if driver is not None else None,
        "scsi": True if scsi else None,
        "num-queues": positive(driver, "queues"),
        "queue-size": positive(driver, "queue_size"),
    }


def _device_id(disk: Node) -> str | None:
    if disk.value("target", "bus") != "scsi" or disk.get("device") == "lun":
        return None
    return text_of(disk, "serial") or f"drive-{alias(disk)}"


def _wwn(disk: Node) -> int | None:
    text = text_of(disk, "wwn")
    return None if text is None else int(text, 16)


def _removable(disk: Node) -> bool | None:
    if disk.value("target", "bus") != "usb":
        return None
    return switch(disk.value("target", "removable")) or False


def _write_cache(disk: Node) -> str | None:
    mode = CACHE.get(disk.value("driver", "cache") or "")
    if mode is None or disk.get("device") == "lun":
        return None
    return "on" if mode[0] else "off"


def _error_policy(driver: Node | None) -> tuple[str | None, str | None]:
    """What happens when the host cannot write, and when it cannot read (`qemuBuildDiskGetErrorPolicy`)."""
    writes = driver.get("error_policy") if driver is not None else None
    reads = driver.get("rerror_policy") if driver is not None else None
    if writes == "enospace":
        return "enospc", reads
    return writes, reads or writes
