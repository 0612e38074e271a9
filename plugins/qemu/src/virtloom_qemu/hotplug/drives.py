"""What of a disk can change while the guest runs (`qemuDomainDiskChangeSupported`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.hotplug.comparing import refuse_changes, refuse_other_alias, rows

MODIFY = "cannot modify field '%s' of the disk"
RATES = [f"{way}_{unit}_sec" for unit in ("bytes", "iops") for way in ("total", "read", "write")]
FIXED = [
    *rows(MODIFY, False, ("device", "device"), ("target@bus", "bus"), ("target@dev", "target")),
    *rows(MODIFY, True, ("target@tray", "tray"), ("target@removable", "removable")),
    *rows(MODIFY, True, ("geometry@cyls", "geometry cylinders"), ("geometry@heads", "geometry heads"),
          ("geometry@secs", "geometry sectors"), ("geometry@trans", "BIOS-translation-modus")),
    *rows(MODIFY, False, *((f"blockio@{name}", f"blockio {name}")
                           for name in ("logical_block_size", "physical_block_size"))),
    *rows(MODIFY, True, *((f"iotune/{name}#", f"blkdeviotune {name}")
                          for name in (*RATES, *(f"{rate}_max" for rate in RATES), "size_iops_sec"))),
    *rows(MODIFY, True, ("iotune/group_name#", "blkdeviotune group name"), ("serial#", "serial"), ("wwn#", "wwn"),
          ("vendor#", "vendor"), ("product#", "product"), ("driver@cache", "cache"),
          ("driver@error_policy", "error_policy"), ("driver@rerror_policy", "rerror_policy"), ("driver@io", "io"),
          ("driver@ioeventfd", "ioeventfd"), ("driver@event_idx", "event_idx"),
          ("driver@copy_on_read", "copy_on_read"), ("transient#", "transient"), ("address@domain", "address"),
          ("address@bus", "address"), ("address@slot", "address"), ("address@unit", "address"),
          ("address@controller", "address"), ("boot@order", "boot order"), ("rawio", "rawio"), ("sgio", "sgio"),
          ("driver@discard", "discard"), ("driver@iothread", "iothread"), ("readonly#", "readonly"),
          ("shareable#", "shared")),
]  # fmt: skip
NOT_PLACE = ("index", "startupPolicy")  # what a source says besides where it is


def refuse_other_disk(old: Node, new: Node) -> None:
    """Refuse what cannot be changed of a disk.

    :raises VirtError: OPERATION_UNSUPPORTED or OPERATION_DENIED.
    """
    refuse_other_alias(old, new)
    refuse_changes(old, new, FIXED, ErrorCode.OPERATION_UNSUPPORTED)


def has_same_source(one: Disk, other: Disk) -> bool:
    """Whether two disks have the same image (`virStorageSourceIsSameLocation`)."""
    return one.type == other.type and _place(one) == _place(other)


def _place(disk: Disk) -> object:
    source = disk.source
    if source is None:
        return {}, []
    hosts = [host.attrs for host in source.all("host")]
    return {name: text for name, text in source.attrs.items() if name not in NOT_PLACE}, hosts


def refuse_other_source(drive: Disk) -> None:
    """Refuse another image for what is no drive with media.

    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    if drive.device not in ("cdrom", "floppy"):
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, "disk source can be changed only in removable drives")
