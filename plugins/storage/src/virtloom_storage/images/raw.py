"""Raw images: made, copied, given another size and wiped by system calls alone.

Everything here runs on a pool's lane, beats its pulse between two pieces, and may be ended there.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from virtloom.driver.work.lanes import Pulse
from virtloom.errors import ErrorDomain, VirtError, system_error

PIECE = 8 << 20  # bytes between two beats
FICLONE = 0x40049409  # ioctl_ficlone(2)
PUNCH_HOLE = 3  # FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, fallocate(2)
_NO_COPY = (errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF)


def failed(error: OSError, detail: str) -> VirtError:
    """A SYSTEM_ERROR of the storage driver."""
    return system_error(error, detail, ErrorDomain.STORAGE)


@contextmanager
def opened(path: str, flags: int) -> Iterator[int]:
    """A file, open for the length of a block."""
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def extend(descriptor: int, shown: str, size: int) -> None:
    """Set a file's size.

    :param shown: the name that errors call it by.
    """
    try:
        os.ftruncate(descriptor, size)
    except OSError as error:
        raise failed(error, f"cannot extend file '{shown}'") from error


def reserve(descriptor: int, shown: str, start: int, end: int, pulse: Pulse) -> None:
    """Reserve room on the disk, piece by piece; bytes that are there already stay as they are (posix_fallocate(3))."""
    pulse.expect(end)
    while start < end:
        length = min(end - start, 16 * PIECE)
        try:
            os.posix_fallocate(descriptor, start, length)
        except OSError as error:
            raise failed(error, f"cannot allocate {end - start} bytes in file '{shown}'") from error
        start += length
        pulse.beat(start)


def copy(source: int, target: int, length: int, pulse: Pulse, *, keep_holes: bool) -> None:
    """Copy the first bytes of one file into another.

    :param keep_holes: whether holes need not be written, since the target has only zeros.
    """
    at = 0
    pulse.expect(length)
    while at < length:
        start, end = _data(source, at, length) if keep_holes else (at, length)
        if start >= length:
            return
        at = _copy_run(source, target, start, end, pulse)
        if at < end:
            return  # the source has become shorter


def _data(descriptor: int, at: int, length: int) -> tuple[int, int]:
    """The next run of a file that is no hole."""
    try:
        start = os.lseek(descriptor, at, os.SEEK_DATA)
        return start, min(length, os.lseek(descriptor, start, os.SEEK_HOLE))
    except OSError as error:
        if error.errno == errno.ENXIO:
            return length, length
        return at, length


def _copy_run(source: int, target: int, at: int, end: int, pulse: Pulse) -> int:
    """Copy a run of bytes; where it ended."""
    in_kernel = True
    while at < end:
        size = min(PIECE, end - at)
        copied = -1
        if in_kernel:
            try:
                copied = os.copy_file_range(source, target, size, at, at)
            except OSError as error:
                if error.errno not in _NO_COPY:
                    raise
                in_kernel = False
        if not in_kernel:
            copied = write_all(target, os.pread(source, size, at), at)
        if copied == 0:
            break
        at += copied
        pulse.beat(at)
    return at


def write_all(descriptor: int, data: bytes, at: int) -> int:
    """Write all of some bytes at a place; how many they were."""
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, at)
        rest = rest[written:]
        at += written
    return len(data)


def reflink(source: int, target: int, shown: str) -> None:
    """Make a file share another's blocks (ioctl_ficlone(2)).

    :raises VirtError: SYSTEM_ERROR if the file system cannot.
    """
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError as error:
        raise failed(error, f"failed to clone files from '{shown}'") from error


def wipe(path: str, allocation: int, pulse: Pulse) -> None:
    """Overwrite all of a file or a device with zeros; a file with holes is emptied and extended instead, which leaves
    nothing to be read.

    :param allocation: bytes of the disk that a file is known to take; a file that is shorter is written as far (as
        libvirt does), one that has grown since to its end.
    """
    try:
        with opened(path, os.O_RDWR) as descriptor:
            status = os.fstat(descriptor)
            size = os.lseek(descriptor, 0, os.SEEK_END)
            if stat.S_ISREG(status.st_mode):
                if status.st_blocks * 512 < status.st_size:
                    os.ftruncate(descriptor, 0)
                    os.ftruncate(descriptor, status.st_size)
                    return
                size = max(size, allocation)
            zero(descriptor, 0, size, pulse)
            os.fdatasync(descriptor)
    except OSError as error:
        raise failed(error, f"Failed to open storage volume with path '{path}'") from error


def clear_ends(path: str, length: int, pulse: Pulse) -> None:
    """Overwrite the beginning and the end of a device with zeros. :param length: bytes of each."""
    try:
        with opened(path, os.O_RDWR) as descriptor:
            size = os.lseek(descriptor, 0, os.SEEK_END)
            zero(descriptor, 0, min(length, size), pulse)
            zero(descriptor, max(0, size - length), size, pulse)
            os.fdatasync(descriptor)
    except OSError as error:
        raise failed(error, f"Failed to open storage volume with path '{path}'") from error


def zero(descriptor: int, at: int, end: int, pulse: Pulse) -> None:
    """Write zeros."""
    pulse.expect(end)
    zeros = bytes(min(PIECE, max(end - at, 0)))
    while at < end:
        at += write_all(descriptor, zeros[: end - at], at)
        pulse.beat(at)


def punch(descriptor: int, at: int, length: int) -> bool:
    """Make a hole where there was data; False if the file system cannot (fallocate(2), which Python lacks)."""
    libc = ctypes.CDLL(None, use_errno=True)
    status: int = libc.fallocate(descriptor, PUNCH_HOLE, ctypes.c_longlong(at), ctypes.c_longlong(length))
    return status == 0
