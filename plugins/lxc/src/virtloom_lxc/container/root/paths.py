"""Paths as a container sees them, and as tables of mounts have them."""

from __future__ import annotations

import os
from pathlib import Path

LINKS_MAX = 40  # symbolic links followed for one path, as the kernel does it


def inside(root: Path, path: str) -> Path | None:
    """Where a container's path is on the host, its links followed as the container would; None if it leads nowhere."""
    waiting = [part for part in reversed(path.split("/")) if part]
    place, followed = root, 0
    while waiting:
        part = waiting.pop()
        if part == "..":
            place = place.parent if place != root else root
            continue
        if part == ".":
            continue
        step = place / part
        try:
            target = os.readlink(step) if step.is_symlink() else None
        except OSError:
            return None
        if target is None:
            place = step
            continue
        followed += 1
        if followed > LINKS_MAX:
            return None
        if target.startswith("/"):
            place = root
        waiting += [one for one in reversed(target.split("/")) if one]
    return place if place.exists() else None


def field(text: str) -> str:
    """A path as a field of fstab(5), where a space ends it."""
    for letter in ("\\", " ", "\t", "\n"):
        text = text.replace(letter, f"\\{ord(letter):03o}")
    return text
