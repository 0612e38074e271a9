"""Sizes of an image that no guest has open, read from the image itself."""

from __future__ import annotations

from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.stats.block import BlockStats
from virtloom_qemu.storage.header import read_header


def image_stats(disk: Disk) -> BlockStats | None:
    """What an image holds and takes, in bytes; None if it cannot be looked at (`qemuStorageLimitsRefresh`)."""
    if disk.path is None:
        return None
    try:
        header = read_header(disk.path)
    except OSError:
        return None
    kind = disk.driver.get("type") if disk.driver is not None else None
    capacity = header.capacity if kind == header.format else header.physical
    return BlockStats(capacity=capacity, physical=header.physical, highest=header.allocated)
