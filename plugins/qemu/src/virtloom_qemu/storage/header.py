"""The header of an image (QEMU's docs/interop/qcow2.txt): its size, and the image behind it."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"QFI\xfb"
HEAD = struct.Struct(">4sIQIIQ")  # magic, version, place and length of the backing file's name, cluster bits, size
BACKING_FORMAT = 0xE2792ACA  # the extension with the backing file's format
V2_LENGTH = 72
V3_LENGTH_AT = 100
NAME_MAX = 1023  # bytes of a backing file's name
BLOCK = 512  # bytes of st_blocks (stat(2))


@dataclass(frozen=True)
class Header:
    """What an image says of itself.

    :ivar format: `qcow2`, or `raw` for what has no header that we know.
    :ivar capacity: what the guest sees; :ivar physical: its length; :ivar allocated: what it takes; in bytes.
    :ivar backing: the image behind it as it is written there; None for none.
    :ivar backing_format: None if it is not said.
    """

    format: str
    capacity: int
    physical: int
    allocated: int
    backing: str | None = None
    backing_format: str | None = None


def read_header(path: Path | str) -> Header:
    """Read an image's header.

    :raises OSError: if the image cannot be read.
    """
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        data = file.read(65536)
    allocated = status.st_blocks * BLOCK
    if len(data) < V2_LENGTH or data[:4] != MAGIC:
        return Header("raw", size, size, allocated)
    _, version, place, length, _, capacity = HEAD.unpack_from(data)
    backing = data[place : place + min(length, NAME_MAX)].decode(errors="replace") if place else None
    return Header("qcow2", capacity, size, allocated, backing or None, _backing_format(data, version))


def _backing_format(data: bytes, version: int) -> str | None:
    offset = V2_LENGTH if version < 3 else int.from_bytes(data[V3_LENGTH_AT : V3_LENGTH_AT + 4], "big")
    while offset + 8 <= len(data):
        kind, length = struct.unpack_from(">II", data, offset)
        if kind == 0:
            return None
        if kind == BACKING_FORMAT:
            return data[offset + 8 : offset + 8 + length].decode(errors="replace")
        offset += 8 + -(-length // 8) * 8
    return None
