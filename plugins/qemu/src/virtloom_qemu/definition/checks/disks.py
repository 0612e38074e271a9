"""Disks: what each bus and each format can do (`qemuValidateDomainDeviceDefDisk`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.defaults.disks import disk_index
from virtloom_qemu.definition.checks.controllers import threads
from virtloom_qemu.definition.checks.memory import shared
from virtloom_qemu.definition.checks.refusal import internal, unsupported
from virtloom_qemu.definition.guest import Guest, place_type
from virtloom_qemu.settings import Settings

IOTUNE_MAX = 1_000_000_000_000_000
SERIAL = re.compile(r"[A-Za-z0-9\-_ .+]*")
SHARED_FORMATS = ("raw",)
UNSUPPORTED_FORMATS = {
    "dir": "'directory' storage format is not directly supported by QEMU, use 'dir' disk type instead",
    "iso": "storage format 'iso' is not directly supported by QEMU, use 'raw' instead",
}
WWN_BUSES = ("ide", "scsi")
ROTATING = ("scsi", "ide", "sata")


def disk(guest: Guest, settings: Settings, device: Node) -> None:
    """A disk is one that QEMU can serve."""
    _device(device)
    _lun(device)
    _place(device)
    _options(guest, device)
    _throttle(guest, device)
    _transient(device)
    _image(device)
    if device.get("type") == "vhostuser":
        shared(guest, "vhostuser")


def _bus(device: Node) -> str:
    return device.value("target", "bus") or ""


def _name(device: Node) -> str:
    return device.value("target", "dev") or ""


def _is_readonly(device: Node) -> bool:
    return device.find("readonly") is not None


def _device(device: Node) -> None:
    bus, kind, geometry = _bus(device), device.get("device") or "disk", device.find("geometry")
    if geometry is not None and bus in ("usb", "sd"):
        raise unsupported(f"CHS geometry can not be set for '{bus}' bus")
    if geometry is not None and geometry.get("trans") is not None and bus != "ide":
        raise unsupported(f"CHS translation mode can only be set for 'ide' bus not '{bus}'")
    if device.find("serial") is not None and bus == "sd":
        raise internal(f"Serial property not supported for drive bus '{bus}'")
    if kind == "cdrom" and bus in ("virtio", "sd"):
        raise unsupported(f"disk type of '{_name(device)}' does not support ejectable media")
    if device.value("driver", "copy_on_read") == "on":
        if _is_readonly(device):
            raise unsupported(f"copy_on_read is not compatible with read-only disk '{_name(device)}'")
        if kind in ("cdrom", "floppy"):
            raise unsupported(f"copy_on_read is not supported with removable disk '{_name(device)}'")
    if device.find("wwn") is not None and bus not in WWN_BUSES:
        raise unsupported("Only ide and scsi disk support wwn")
    if bus != "scsi" and (device.find("vendor") is not None or device.find("product") is not None):
        raise unsupported("Only scsi disk supports vendor and product")
    if device.value("target", "rotation_rate") is not None:
        if bus not in ROTATING:
            raise internal("rotation rate is only valid for SCSI/IDE/SATA bus")
        if kind != "disk":
            raise internal("rotation rate is only valid for disk device")


def _lun(device: Node) -> None:
    if device.get("device") != "lun":
        return
    bus = _bus(device)
    if bus not in ("virtio", "scsi"):
        raise unsupported(f"disk device='lun' is not supported for bus='{bus}'")
    if device.value("driver", "copy_on_read") == "on":
        raise unsupported(f"copy_on_read is not compatible with 'lun' disk '{_name(device)}'")
    if device.find("wwn") is not None:
        raise unsupported("Setting wwn is not supported for lun device")
    if device.find("vendor") is not None or device.find("product") is not None:
        raise unsupported("Setting vendor or product is not supported for lun device")
    if device.find("serial") is not None and bus == "scsi":
        raise unsupported("scsi-block 'lun' devices do not support the serial property")


def _place(device: Node) -> None:
    bus, place = _bus(device), place_type(device)
    if bus == "usb" and place not in (None, "usb"):
        raise internal("unexpected address type for usb disk")
    if _is_readonly(device) and (device.get("device") or "disk") == "disk" and bus in ("ide", "sata"):
        raise unsupported(f"readonly {bus} disks are not supported")


def _options(guest: Guest, device: Node) -> None:
    driver = device.find("driver")
    options = driver.attrs if driver is not None else {}
    if options.get("io") == "native" and options.get("cache") not in ("directsync", "none"):
        raise unsupported("io='native' needs either no disk cache or directsync cache mode")
    serial = device.find("serial")
    if serial is not None and not SERIAL.fullmatch(serial.text):
        raise internal(f"driver serial '{serial.text}' contains unsafe characters")
    thread, bus = options.get("iothread"), _bus(device)
    if thread is not None:
        if bus != "virtio":
            raise unsupported(f"IOThreads not available for bus {bus} target {_name(device)}")
        if thread not in threads(guest):
            raise unsupported(f"Disk iothread '{thread}' not defined in iothreadid")
    if options.get("name") not in (None, "qemu"):
        raise unsupported(f"unsupported driver name '{options['name']}' for disk '{_name(device)}'")
    if disk_index(_name(device)) is None:
        raise unsupported(f"invalid disk target '{_name(device)}'")


def _throttle(guest: Guest, device: Node) -> None:
    tune = device.find("iotune")
    if tune is None:
        return
    limits = {one.tag: one.text.strip() for one in tune.children if one.tag != "group_name"}
    group = tune.find("group_name")
    if group is not None and not any(text not in ("", "0") for text in limits.values()):
        raise unsupported("group_name can be configured only together with settings")
    for name, text in limits.items():
        if not name.endswith("_length") and text.isdigit() and int(text) > IOTUNE_MAX:
            detail = f"block I/O throttle limit must be no more than {IOTUNE_MAX} using QEMU"
            raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, detail, ErrorDomain.QEMU)
    for other in guest.all("disk") if group is not None else ():
        theirs = other.find("iotune")
        same = theirs is not None and group is not None and theirs.find("group_name") == group
        if theirs is not None and same and other is not device and theirs != tune:
            raise unsupported(f"different iotunes for disks {_name(device)} and {_name(other)}")


def _transient(device: Node) -> None:
    if device.find("transient") is None:
        return
    name = _name(device)
    if device.find("source") is None:
        raise unsupported(f"transient disk '{name}' must not be empty")
    if _is_readonly(device):
        raise unsupported(f"transient disk '{name}' must not be read-only")
    if device.get("type") != "file":
        raise unsupported(f"transient disk supported only with 'file' type ({name})")
    if (device.get("device") or "disk") != "disk":
        raise unsupported(f"transient disk supported only with 'disk' device ({name})")
    bus = _bus(device)
    if device.value("transient", "shareBacking") == "yes" and bus not in ("usb", "virtio", "scsi"):
        raise unsupported(f"disk bus '{bus}' doesn't support transiend disk backing image sharing")


def _image(device: Node) -> None:
    form = device.value("driver", "type") or ""
    if device.find("shareable") is not None and not _is_readonly(device) and form not in SHARED_FORMATS:
        raise unsupported(f"shared access for disk '{_name(device)}' requires use of supported storage format")
    for one, encrypted in _chain(device):
        if one in UNSUPPORTED_FORMATS:
            raise unsupported(UNSUPPORTED_FORMATS[one])
        if encrypted is not None:
            _encryption(one, encrypted)


def _chain(device: Node) -> Iterator[tuple[str, Node | None]]:
    """The format and the encryption of each image."""
    source = device.find("source")
    if source is not None:
        own = source.find("encryption") or device.find("encryption")
        yield device.value("driver", "type") or "raw", own
    below = device.find("backingStore")
    while below is not None and below.get("type") is not None:
        source = below.find("source")
        yield below.value("format", "type") or "raw", source.find("encryption") if source is not None else None
        below = below.find("backingStore")


def _encryption(form: str, encryption: Node) -> None:
    kind, engine = encryption.get("format"), encryption.get("engine") or "qemu"
    if engine == "qemu" and form not in ("raw", "qcow2"):
        raise unsupported("encryption is supported only with 'raw' and 'qcow2' image format")
    if engine == "qemu" and kind == "luks2":
        raise unsupported("luks2 is currently not supported by the qemu encryption engine")
    if kind in ("qcow", "default"):
        raise unsupported("old qcow/qcow2 encryption is not supported")
