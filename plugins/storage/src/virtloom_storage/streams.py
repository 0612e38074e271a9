"""A volume's data on its way from or to a client: files that are read and written on the server's stream threads.

A file is opened on its pool's lane, so that a dead file system fails the call. The data itself is read and written by
the stream's own thread: one that hangs there holds up nothing but its client's stream.
Source: libvirt's `virFDStreamOpenBlockDevice`.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from virtloom.driver.streams import Hole
from virtloom.driver.work.lanes import Pulse
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom_storage.backends.base import Span
from virtloom_storage.context import Context
from virtloom_storage.images.raw import punch, write_all, zero

Ended = Callable[[], None]


class _File:
    """A file that is closed when asked to be, but not while it is in use: its number might then be another file's."""

    def __init__(self, context: Context, path: str, flags: int) -> None:
        def opened() -> int:
            return os.open(path, flags | os.O_NOCTTY | os.O_CLOEXEC)

        try:
            self._descriptor = context.io(opened)
        except OSError as error:
            raise system_error(error, f"Unable to open stream for '{path}'", ErrorDomain.STREAMS) from error
        self.path = path
        self._mutex = threading.Lock()
        self._in_use = False
        self._closing = False

    @contextmanager
    def used(self, what: str) -> Iterator[int]:
        """Its number, for the length of a block.

        :param what: what the block does, for its failure: read or write.
        :raises VirtError: SYSTEM_ERROR, also if the file was closed.
        """
        try:
            with self._held() as descriptor:
                yield descriptor
        except OSError as error:
            raise system_error(error, f"Unable to {what} {self.path}", ErrorDomain.STREAMS) from error

    @contextmanager
    def _held(self) -> Iterator[int]:
        with self._mutex:
            if self._closing:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            self._in_use = True
        try:
            yield self._descriptor
        finally:
            with self._mutex:
                self._in_use = False
                late = self._closing
            if late:
                os.close(self._descriptor)

    def close(self) -> bool:
        """Close it; False if it was before."""
        with self._mutex:
            if self._closing:
                return False
            self._closing, idle = True, not self._in_use
        if idle:
            os.close(self._descriptor)
        return True


class FileSource:
    """A part of a file, for a download.

    :ivar ended: called once when the stream has ended.
    """

    def __init__(self, context: Context, path: str, span: Span) -> None:
        self._file = _File(context, path, os.O_RDONLY)
        self._at = span.offset
        self._sparse = span.sparse
        self._end = span.offset + span.length if span.length else None
        self._data_end = 0
        self.ended: Ended = lambda: None

    def read(self, size: int) -> bytes | Hole:
        """See `Source.read`."""
        if self._end is not None:
            size = min(size, self._end - self._at)
        if size <= 0:
            return b""
        with self._file.used("read") as descriptor:
            piece = self._piece(descriptor, size)
        self._at += piece.length if isinstance(piece, Hole) else len(piece)
        return piece

    def _piece(self, descriptor: int, size: int) -> bytes | Hole:
        if not self._sparse:
            return os.pread(descriptor, size, self._at)
        if self._at >= self._data_end and (hole := self._hole(descriptor)):
            return Hole(hole)
        return os.pread(descriptor, min(size, max(1, self._data_end - self._at)), self._at)

    def _hole(self, descriptor: int) -> int:
        """How long the hole is that begins here; 0 if none does. Notes where the data after it ends."""
        at = self._at
        end = os.fstat(descriptor).st_size or os.lseek(descriptor, 0, os.SEEK_END)
        if self._end is not None:
            end = min(end, self._end)
        if at >= end:
            self._data_end = at + 1
            return 0
        try:
            start = min(end, os.lseek(descriptor, at, os.SEEK_DATA))
            self._data_end = os.lseek(descriptor, start, os.SEEK_HOLE) if start < end else end
        except OSError as error:
            start = end if error.errno == errno.ENXIO else at
            self._data_end = end
        return start - at

    def close(self) -> None:
        """See `Source.close`."""
        if self._file.close():
            self.ended()


class FileSink:
    """A part of a file, for an upload; what comes beyond its end is refused.

    :ivar ended: called once when the stream has ended, however it did.
    """

    def __init__(self, context: Context, path: str, span: Span) -> None:
        self._file = _File(context, path, os.O_WRONLY)
        self._at = span.offset
        self._end = span.offset + span.length if span.length else None
        self.ended: Ended = lambda: None

    def write(self, data: bytes) -> None:
        """See `Sink.write`."""
        self._check(len(data))
        with self._file.used("write") as descriptor:
            self._at += write_all(descriptor, data, self._at)

    def hole(self, length: int) -> None:
        """See `Sink.hole`: what was there reads as zeros afterwards."""
        self._check(length)
        end = self._at + length
        with self._file.used("write") as descriptor:
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode) and status.st_size < end:
                os.ftruncate(descriptor, min(status.st_size, self._at))
                os.ftruncate(descriptor, end)
            elif not punch(descriptor, self._at, length):
                zero(descriptor, self._at, end, Pulse())
        self._at = end

    def _check(self, length: int) -> None:
        if self._end is not None and self._at + length > self._end:
            detail = f"cannot write to stream: {os.strerror(errno.ENOSPC)}"
            raise VirtError(ErrorCode.SYSTEM_ERROR, detail, ErrorDomain.STREAMS)

    def finish(self) -> None:
        """See `Sink.finish`."""
        try:
            with self._file.used("write") as descriptor:
                os.fdatasync(descriptor)
        finally:
            self.abort()

    def abort(self) -> None:
        """See `Sink.abort`."""
        if self._file.close():
            self.ended()
