"""A view of /proc that is the container's own: its memory, processors and uptime instead of the host's, by lxcfs(1).

libvirt's controller shows such a /proc/meminfo itself. Here it is left to the program that liblxc's other users have
for it, where that runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

FILES = ("cpuinfo", "diskstats", "loadavg", "meminfo", "stat", "swaps", "uptime")
KIND = "fuse.lxcfs"


def mounted(place: str, mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Whether lxcfs serves a folder; it is not asked, since a file system that hangs would hold up whoever does."""
    lines = (line.split() for line in mounts.read_text().splitlines())
    return any((where, kind) == (place, KIND) for _, where, kind, *_ in lines)


def mount_lines(place: str) -> Iterator[str]:
    """The lines of a configuration that show a container the files of lxcfs; a version that lacks one is no error."""
    for name in FILES:
        yield f"lxc.mount.entry = {place}/proc/{name} proc/{name} none bind,optional 0 0"
