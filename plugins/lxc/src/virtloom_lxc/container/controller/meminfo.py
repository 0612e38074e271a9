"""A container's `/proc/meminfo`: the host's, with the container's own memory in it (`lxcProcReadMeminfo`)."""

from __future__ import annotations

import os

HOST = "/proc/meminfo"
UNLIMITED = 1 << 50  # bytes; a limit above it is none
NONE = ("Buffers", "Slab", "SReclaimable", "SUnreclaim")  # what the kernel does not count for a group
FILES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes"),
    2: ("memory.max", "memory.current", "memory.swap.max", "memory.swap.current"),
}
CACHED = {1: "cache", 2: "file"}


def meminfo(folder: str, version: int) -> bytes:
    """What the file says now.

    :param folder: of the container's memory group; :param version: of its control groups.
    :raises OSError: nothing of it can be read.
    """
    own = _own(folder, version)
    lines = []
    with open(HOST) as file:
        for line in file:
            name, _, rest = line.partition(":")
            value = own.get(name)
            lines.append(line if value is None else f"{name + ':':<15}{value:>9} {rest.split()[-1]}\n")
    return "".join(lines).encode()


def _own(folder: str, version: int) -> dict[str, int]:
    """The lines that are the container's, in KiB."""
    limit, usage, both, both_used = (_number(folder, name) for name in FILES[version])
    usage = usage or 0
    stat = _statistics(folder)
    own: dict[str, int] = dict.fromkeys(NONE, 0)
    own["Cached"] = stat.get(CACHED[version], 0)
    for name in ("active", "inactive"):
        own[name.capitalize()] = stat.get(f"{name}_anon", 0) + stat.get(f"{name}_file", 0)
        own |= {f"{name.capitalize()}({kind})": stat.get(f"{name}_{kind}", 0) for kind in ("anon", "file")}
    own["Unevictable"] = stat.get("unevictable", 0)
    if limit is None:
        return own
    free = max(limit - usage, 0)
    own |= {"MemTotal": limit, "MemFree": free, "MemAvailable": free}
    if both is not None:  # version 1 counts memory and swap together
        swap, used = (both, both_used or 0) if version == 2 else (both - limit, (both_used or 0) - usage)
        own |= {"SwapTotal": max(swap, 0), "SwapFree": max(swap - max(used, 0), 0)}
    return own


def _number(folder: str, name: str) -> int | None:
    """A file's number in KiB; None if there is no limit, or no such file."""
    try:
        with open(os.path.join(folder, name)) as file:
            text = file.read().strip()
    except OSError:
        return None
    return None if text == "max" or int(text) >= UNLIMITED else int(text) >> 10


def _statistics(folder: str) -> dict[str, int]:
    """What the kernel counts of a group's memory, in KiB."""
    with open(os.path.join(folder, "memory.stat")) as file:
        return {name: int(number) >> 10 for name, number in map(str.split, file)}
