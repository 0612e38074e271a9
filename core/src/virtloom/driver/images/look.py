"""What a file is: its type, its sizes, and what its first bytes say. It may sleep, on a dead disk for ever."""

from __future__ import annotations

import errno
import os
import stat
from typing import NamedTuple

from virtloom.driver.images import headers

_NOTHING = headers.Header("dir")
# A FIFO or a terminal in an image's place must not hold whoever opens it.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_UNREADABLE = (errno.ELOOP, errno.ENXIO, errno.EACCES, errno.EPERM)
BLOCK = 512  # bytes of st_blocks (stat(2))


class NoImage(OSError):
    """A file that holds no image: a FIFO, a socket, a dangling link, or one that may not be read."""

    def __init__(self, why: str, number: int | None = None) -> None:
        super().__init__(number or errno.EINVAL, why)

    def __str__(self) -> str:
        return str(self.strerror)


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
        return self.status.st_blocks * BLOCK if stat.S_ISREG(self.status.st_mode) else self.size

    @property
    def capacity(self) -> int:
        """How large the disk is that it holds, as a guest sees it."""
        return max((self.header.capacity or self.size) - self.header.payload, 0)

    @property
    def identity(self) -> tuple[int, int, int, int, int]:
        """What changes when the file does: for what was learnt of it."""
        status = self.status
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def look(path: str) -> Found:
    """Look at a file.

    :raises NoImage: if it holds none.
    :raises OSError: FileNotFoundError if there is no such file, and others.
    """
    link = os.lstat(path)
    for test, what in ((stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket")):
        if test(link.st_mode):
            raise NoImage(f"Volume path '{path}' is {what}")
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno in _UNREADABLE or isinstance(error, FileNotFoundError):
            raise NoImage(f"cannot open volume '{path}': {error.strerror}", error.errno) from error
        raise
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
        raise NoImage(f"unexpected type for file '{path}'")
    end = status.st_size if stat.S_ISREG(mode) else os.lseek(descriptor, 0, os.SEEK_END)
    return Found(status, end, headers.read_header(os.pread(descriptor, headers.SIZE, 0)), False)
