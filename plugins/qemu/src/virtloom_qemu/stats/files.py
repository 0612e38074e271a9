"""Sizes of an image that no guest has open, read from the image itself."""

from __future__ import annotations

from virtloom.driver.images import look
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.stats.block import BlockStats


def image_stats(disk: Disk) -> BlockStats | None:
    """What an image holds and takes, in bytes; None if it cannot be looked at (`qemuStorageLimitsRefresh`)."""
    if disk.path is None:
        return None
    try:
        found = look(disk.path)
    except OSError:
        return None
    kind = disk.driver.get("type") if disk.driver is not None else None
    capacity = found.capacity if kind == found.header.format else found.size
    return BlockStats(capacity=capacity, physical=found.size, highest=found.allocation)
