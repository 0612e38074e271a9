"""What a file is: its type, sizes, owner and times, and what its first bytes say. Runs on a pool's lane.

Source: libvirt's `virStorageBackendVolOpen`, `virStorageBackendUpdateVolTargetInfoFD`.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.permissions import Permissions
from virtloom.xmldef.storage.volume import Timestamps
from virtloom_storage.images import headers
from virtloom_storage.images.raw import failed
from virtloom_storage.lanes import Pulse

UNFINISHED = ".virtloom-"  # how the names of volumes begin that are being made
_NOTHING = headers.Header("dir")
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class NoVolume(Exception):
    """A file that is no volume: a FIFO, a socket, a dangling link, or one that has gone."""


class Found(NamedTuple):
    """A file as it was found. Sizes in bytes.

    :ivar header: what its first bytes say; of a folder, nothing.
    :ivar identity: what changes when the file does.
    """

    status: os.stat_result
    size: int
    header: headers.Header
    is_folder: bool

    @property
    def allocation(self) -> int:
        """How much of the disk it takes."""
        if self.is_folder:
            return 0
        return self.status.st_blocks * 512 if stat.S_ISREG(self.status.st_mode) else self.size

    @property
    def permissions(self) -> Permissions:
        """Its owner and mode."""
        status = self.status
        return Permissions(mode=stat.S_IMODE(status.st_mode) & 0o777, owner=status.st_uid, group=status.st_gid)

    @property
    def timestamps(self) -> Timestamps:
        """Its times."""
        times = (self.status.st_atime_ns, self.status.st_mtime_ns, self.status.st_ctime_ns)
        atime, mtime, ctime = (divmod(time, 10**9) for time in times)
        return Timestamps(atime=atime, mtime=mtime, ctime=ctime, btime=(0, 0))

    @property
    def identity(self) -> tuple[int, int, int, int, int]:
        """What changes when the file does: for what was learnt of it."""
        status = self.status
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def look(path: str) -> Found:
    """Look at a volume.

    :raises NoVolume: if it is none.
    :raises VirtError: NO_STORAGE_VOL if there is no such file, SYSTEM_ERROR and others.
    """
    try:
        link = os.lstat(path)
    except FileNotFoundError:
        raise VirtError(
            ErrorCode.NO_STORAGE_VOL, f"no storage vol with matching path '{path}'", ErrorDomain.STORAGE
        ) from None
    except OSError as error:
        raise failed(error, f"cannot stat file '{path}'") from error
    for test, what in ((stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket")):
        if test(link.st_mode):
            raise NoVolume(f"Volume path '{path}' is {what}")
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EACCES, errno.EPERM):
            raise NoVolume(f"cannot open volume '{path}': {os.strerror(error.errno)}") from error
        raise failed(error, f"cannot open volume '{path}'") from error
    try:
        return _found(path, descriptor)
    finally:
        os.close(descriptor)


def _found(path: str, descriptor: int) -> Found:
    status = os.fstat(descriptor)
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        return Found(status, 0, _NOTHING, True)
    if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
        raise NoVolume(f"unexpected type for file '{path}'")
    end = status.st_size if stat.S_ISREG(mode) else os.lseek(descriptor, 0, os.SEEK_END)
    return Found(status, end, headers.read_header(os.pread(descriptor, headers.SIZE, 0)), False)


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
