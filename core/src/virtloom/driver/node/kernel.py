"""Small readers of the kernel's files about the host (proc(5), sysfs(5)); what is not there reads as nothing."""

from __future__ import annotations

from pathlib import Path

from virtloom.xmldef.values import Misfit, cpus

SYSTEM = Path("/sys/devices/system")


def text(path: Path, default: str = "") -> str:
    """A file's text without the white space around it."""
    try:
        return path.read_text().strip()
    except OSError:
        return default


def number(path: Path, default: int = 0) -> int:
    """A file's number."""
    try:
        return int(text(path))
    except ValueError:
        return default


def members(path: Path) -> frozenset[int]:
    """A file's set of numbers, such as `0-3,8`."""
    try:
        return cpus.parse(text(path))
    except Misfit:
        return frozenset()


def sizes(path: Path) -> dict[str, int]:
    """The named sizes of a file like /proc/meminfo, in KiB; a cell's file has its number before each name."""
    found = {}
    for line in text(path).splitlines():
        name, _, value = line.rpartition(":")
        found[name.split()[-1]] = int(value.split()[0])
    return found
