"""Whose a file is, and whose it was before it was a guest's.

Whom a file belonged to is remembered in an attribute of its own (xattr(7)), with how many guests use it, so that the
last one gives it back, also if the daemon was started anew meanwhile. With no lock held: the files' own locks
(flock(2)) keep two starts from mixing up the count.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom_qemu.process.identity import Identity

ATTRIBUTE = "trusted.virtloom.owner"
REFUSED = (errno.EPERM, errno.EROFS, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)  # by file systems without owners
HELD_WITHIN = 10.0  # seconds for another process to let go of a file's lock


def note(path: str, who: Identity) -> None:
    """Write down whom a file belongs to that is given to somebody, or that another guest of theirs uses it too."""
    before, found = noted(path), os.stat(path)
    if before is None:
        _write(path, {"owner": [found.st_uid, found.st_gid], "users": 1, "boot": _boot()})
        return
    if (found.st_uid, found.st_gid) != who:
        detail = f"Setting different DAC user or group on {path} which is already in use"
        raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.SECURITY)
    _write(path, {**before, "users": before["users"] + 1})


def give_folder(folder: Path, who: Identity) -> None:
    """Give a run's own folder to whom its process runs as, with what is in it.

    :raises VirtError: SYSTEM_ERROR.
    """
    for place in (folder, *folder.iterdir()):
        give(str(place), who)


@contextmanager
def held(path: str) -> Iterator[None]:
    """Hold a file's own lock, where it can be opened.

    :raises VirtError: OPERATION_TIMEOUT if another process keeps it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):
            _lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: str) -> None:
    end = time.monotonic() + HELD_WITHIN
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                detail = f"another process holds the lock of '{path}' (flock(2))"
                raise VirtError(ErrorCode.OPERATION_TIMEOUT, detail, ErrorDomain.SECURITY) from None
        time.sleep(0.02)


def give(path: str, who: Identity) -> None:
    """Give a file to somebody; file systems that refuse are left as they are.

    :raises VirtError: SYSTEM_ERROR.
    """
    found = os.stat(path)
    if (found.st_uid, found.st_gid) == who:
        return
    try:
        os.chown(path, who.user, who.group)
    except OSError as error:
        if error.errno not in REFUSED:
            detail = f"unable to set user and group to '{who.user}:{who.group}' on '{path}'"
            raise system_error(error, detail, ErrorDomain.SECURITY) from error


def noted(path: str) -> dict[str, Any] | None:
    """Who owned a file before, and how many guests use it; what is from before the host's start is of no use."""
    try:
        found: dict[str, Any] = json.loads(os.getxattr(path, ATTRIBUTE))
    except (OSError, ValueError):
        return None
    return found if found.get("boot") == _boot() else None


def _write(path: str, value: dict[str, Any]) -> None:
    with suppress(OSError):
        os.setxattr(path, ATTRIBUTE, json.dumps(value).encode())


def note_again(path: str, before: dict[str, Any] | None) -> None:
    """Note of a file what is to be known of it; nothing if None."""
    if before is not None:
        _write(path, before)
        return
    with suppress(OSError):
        os.removexattr(path, ATTRIBUTE)


def _boot() -> int:
    """When the host started, in seconds since the epoch."""
    lines = Path("/proc/stat").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("btime ")), 0)
