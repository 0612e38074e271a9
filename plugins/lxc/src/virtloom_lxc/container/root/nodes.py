"""A program of its own that makes or removes a device's node inside a container.

It changes its root to the container's, so that whatever links the container has made, they lead nowhere else. Run by
its path with `python -I -S`, with a deadline, like every tool.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from contextlib import suppress


def add(path: str, mode: int, device: int, owner: int) -> None:
    """Make a node, and the folders above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.mknod(path, mode, device)
    os.chown(path, owner, owner)


def remove(path: str) -> None:
    """Remove a node; nothing happens if it is gone."""
    with suppress(FileNotFoundError):
        if stat.S_ISBLK(os.lstat(path).st_mode) or stat.S_ISCHR(os.lstat(path).st_mode):
            os.unlink(path)


def main() -> None:
    """Enter the root of a process and do what the second argument says."""
    root, wanted = f"/proc/{int(sys.argv[1])}/root", json.loads(sys.argv[2])
    os.umask(0)
    os.chroot(root)
    os.chdir("/")
    if wanted["add"]:
        add(wanted["path"], wanted["mode"], wanted["device"], wanted["owner"])
    else:
        remove(wanted["path"])


if __name__ == "__main__":
    main()
