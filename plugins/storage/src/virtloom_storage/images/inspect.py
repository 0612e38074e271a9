"""What a pool's file is: its sizes, owner and times, and what its first bytes say. Runs on a pool's lane.

Source: libvirt's `virStorageBackendVolOpen`, `virStorageBackendUpdateVolTargetInfoFD`.
"""

from __future__ import annotations

import os
import stat

from virtloom.driver import images
from virtloom.driver.images import Found
from virtloom.driver.images import NoImage as NoVolume
from virtloom.driver.work.lanes import Pulse
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.permissions import Permissions
from virtloom.xmldef.storage.volume import Timestamps
from virtloom_storage.images.raw import failed

__all__ = ["UNFINISHED", "Found", "NoVolume", "look", "permissions", "scan", "timestamps"]
UNFINISHED = ".virtloom-"  # how the names of volumes begin that are being made


def permissions(found: Found) -> Permissions:
    """A file's owner and mode."""
    status = found.status
    return Permissions(mode=stat.S_IMODE(status.st_mode) & 0o777, owner=status.st_uid, group=status.st_gid)


def timestamps(found: Found) -> Timestamps:
    """A file's times."""
    status = found.status
    times = (status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns)
    atime, mtime, ctime = (divmod(time, 10**9) for time in times)
    return Timestamps(atime=atime, mtime=mtime, ctime=ctime, btime=(0, 0))


def look(path: str) -> Found:
    """Look at a volume.

    :raises NoVolume: if it is none.
    :raises VirtError: NO_STORAGE_VOL if there is no such file, SYSTEM_ERROR and others.
    """
    try:
        return images.look(path)
    except NoVolume:
        raise
    except FileNotFoundError:
        raise VirtError(
            ErrorCode.NO_STORAGE_VOL, f"no storage vol with matching path '{path}'", ErrorDomain.STORAGE
        ) from None
    except OSError as error:
        raise failed(error, f"cannot open volume '{path}'") from error


def scan(folder: str, pulse: Pulse) -> list[tuple[str, Found]]:
    """Look at every file of a folder that is a volume, by name.

    :raises VirtError: SYSTEM_ERROR if the folder or one of its files cannot be read.
    """
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise failed(error, f"cannot open directory '{folder}'") from error
    seen = []
    for name in names:
        if name.startswith(UNFINISHED) or any(ord(character) < 32 for character in name):
            continue
        try:
            seen.append((name, look(f"{folder}/{name}")))
        except NoVolume:
            pass
        except VirtError as error:
            if error.code is not ErrorCode.NO_STORAGE_VOL:
                raise
        pulse.beat()
    return seen
