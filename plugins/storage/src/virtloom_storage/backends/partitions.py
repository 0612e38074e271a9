"""The table of a disk: its partitions and its free room as parted(8) tells them, and where a new one goes.

Source: libvirt's storage_backend_disk.c, whose parthelper tells what parted prints.
"""

from __future__ import annotations

import re
from itertools import count
from typing import NamedTuple

from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.backends.block import settle
from virtloom_storage.context import Context
from virtloom_storage.images.volume import internal

SECTOR = 512  # bytes
PARTED = {"dos": "msdos"}  # what parted calls a table
# What parted calls the content of a partition, by the volume's format.
CONTENTS = {
    "none": "ext2", "linux": "ext2", "fat16": "fat16", "fat32": "fat32", "linux-swap": "linux-swap",
    "linux-lvm": "ext2", "linux-raid": "ext2", "extended": "extended",
}  # fmt: skip
PRIMARIES = 4  # that a dos table has room for


class Part(NamedTuple):
    """A partition, or free room (number 0). Bytes; the end is the first byte that is no more of it."""

    number: int
    start: int
    end: int
    kind: str  # normal, extended, logical


def device_of(pool: Pool) -> str:
    """The disk of a pool."""
    return pool.source.devices[0].path


def table_of(pool: Pool) -> str:
    """The type of its table; dos where nothing is said."""
    return "dos" if pool.source.format_ in (None, "unknown") else pool.source.format_


def parts_of(context: Context, pool: Pool) -> list[Part]:
    """The partitions and the free room of a disk, in order."""
    device = device_of(pool)
    argv = ["parted", "--script", "--machine", device, "unit", "B", "print", "free"]
    lines = context.programs.run(argv, env={"LC_ALL": "C"}).decode(errors="replace").splitlines()
    rows = [line.rstrip(";").split(":") for line in lines[2:]]
    extended = _extended(context, device) if table_of(pool) == "dos" else None
    found = [_part(row, extended) for row in rows if len(row) >= 5]
    outer = next((part for part in found if part.kind == "extended"), None)
    return [_inside(part, outer) for part in found]


def _part(row: list[str], extended: int | None) -> Part:
    start, end = int(row[1].rstrip("B")), int(row[2].rstrip("B")) + 1
    if row[4] == "free":
        return Part(0, max(start, SECTOR), end, "normal")
    number = int(row[0])
    return Part(number, start, end, "extended" if number == extended else "normal")


def _inside(part: Part, outer: Part | None) -> Part:
    """What lies in an extended partition is logical."""
    if outer is None or part is outer or not outer.start <= part.start < outer.end:
        return part
    return part._replace(kind="logical")


def _extended(context: Context, device: str) -> int | None:
    """The number of the extended partition, which parted tells people alone."""
    printed = context.programs.run(["parted", "--script", device, "unit", "B", "print"], env={"LC_ALL": "C"})
    found = re.search(rb"^\s*(\d+)\s+\d+B\s+\d+B\s+\d+B\s+extended", printed, re.M)
    return int(found[1]) if found else None


def _is_logical_next(pool: Pool, parts: list[Part]) -> bool:
    """Whether a new partition has to be a logical one, since all primary ones are in use."""
    primaries = [part for part in parts if part.number and part.kind != "logical"]
    return table_of(pool) == "dos" and len(primaries) >= PRIMARIES


def kind_to_make(pool: Pool, volume: Volume, parts: list[Part]) -> str:
    """What kind of partition parted is to make."""
    if table_of(pool) != "dos":
        return "primary"
    content = CONTENTS[volume.target.format_ or "none"]
    has_extended = any(part.kind == "extended" for part in parts)
    if content == "extended":
        if has_extended:
            raise internal("extended partition already exists")
        return content
    if not _is_logical_next(pool, parts):
        return f"primary {content}"
    if not has_extended:
        raise internal("no extended partition found and no primary partition available")
    return f"logical {content}"


def room_for(context: Context, pool: Pool, size: int, parts: list[Part]) -> tuple[int, int]:
    """The first and the last byte of a new partition: in the smallest free room that is large enough.

    A dos table's partitions end at the end of a cylinder.
    """
    dos, logical = table_of(pool) == "dos", _is_logical_next(pool, parts)
    cylinder = _cylinder(context, device_of(pool)) if dos else 1
    spare = cylinder - size % cylinder if dos else 0
    best: tuple[int, int, int] | None = None
    for part in parts:
        if part.number or (part.kind == "logical") is not logical:
            continue
        room = part.end - part.start - (SECTOR if dos and logical else 0)
        needed = size + spare + (cylinder if dos and part.start % cylinder > spare else 0)
        if room > needed and (best is None or room < best[0]):
            best = (room, part.start, needed)
    if best is None:
        raise internal("no large enough free extent")
    _, start, needed = best
    start += SECTOR if logical else 0
    return start, start + needed - (start % cylinder if dos else 0) - 1


def _cylinder(context: Context, device: str) -> int:
    """The size of a disk's cylinder, in bytes."""
    argv = ["parted", "--script", "--machine", device, "unit", "chs", "print"]
    printed = context.programs.run(argv, env={"LC_ALL": "C"}).decode(errors="replace")
    found = re.search(r"^(\d+):(\d+):(\d+)", printed, re.M)
    return int(found[2]) * int(found[3]) * SECTOR if found else 255 * 63 * SECTOR


def remove_part(context: Context, pool: Pool, number: int) -> None:
    """Take a partition out of the table."""
    context.programs.run(["parted", device_of(pool), "rm", "--script", str(number)])
    settle(context)


def next_number(kind: str, parts: list[Part]) -> int:
    """The number that parted gives to a new partition: the first that is free, logical ones after the primary ones."""
    taken = {part.number for part in parts}
    first = PRIMARIES + 1 if kind.startswith("logical") else 1
    return next(number for number in count(first) if number not in taken)
