"""Sizes of an image that no guest has open, read from the image itself."""

from __future__ import annotations

import os

from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.stats.block import BlockStats

QCOW2_MAGIC = b"QFI\xfb"
BLOCK = 512  # bytes of st_blocks, stat(2)


def image_stats(disk: Disk) -> BlockStats | None:
    """What an image holds and takes, in bytes; None if it cannot be looked at (`qemuStorageLimitsRefresh`)."""
    if disk.path is None:
        return None
    kind = disk.driver.get("type") if disk.driver is not None else None
    try:
        with open(disk.path, "rb") as file:
            status = os.fstat(file.fileno())
            size = file.seek(0, os.SEEK_END)
            capacity = size
            if kind == "qcow2":
                file.seek(0)
                head = file.read(32)
                if head[:4] == QCOW2_MAGIC:
                    capacity = int.from_bytes(head[24:32], "big")
    except OSError:
        return None
    return BlockStats(capacity=capacity, physical=size, highest=status.st_blocks * BLOCK)
