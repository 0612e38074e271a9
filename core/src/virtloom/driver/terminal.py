"""A terminal of the host's as a stream's two ends: what a console is opened to (`virFDStreamOpenFile`).

Guarantees: a blocked read is woken when the stream is closed; the descriptor is closed once, after both ends are done.
"""

from __future__ import annotations

import os
import select
import threading

from virtloom.driver.streams import Stream
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error

WRITE_WITHIN = 30.0  # s, for a guest to take its input


class Terminal:
    """One open terminal: source and sink of a stream.

    :param descriptor: of the terminal, not blocking; it is the terminal's from now on.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._wake, self._waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._lock = threading.Lock()
        self._ends = 2  # that still use the descriptor

    @classmethod
    def open(cls, path: str) -> Terminal:
        """Open a terminal by its path.

        :raises VirtError: SYSTEM_ERROR.
        """
        try:
            return cls(os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError as error:
            raise system_error(error, f"Unable to open stream for '{path}'", ErrorDomain.STREAMS) from error

    def attach(self, stream: Stream) -> None:
        """Make it both ends of a stream."""
        stream.send_from(self)
        stream.receive_into(self)

    # Source.

    def read(self, size: int) -> bytes:
        """See `Source.read`."""
        poll = select.poll()
        for descriptor in (self._descriptor, self._wake):
            poll.register(descriptor, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in poll.poll()]
            if self._wake in ready:
                return b""
            try:
                return os.read(self._descriptor, size)
            except BlockingIOError:
                continue
            except OSError:
                return b""  # the other side is gone

    def close(self) -> None:
        """See `Source.close`."""
        os.write(self._waker, b".")
        self._release()

    # Sink.

    def write(self, data: bytes) -> None:
        """See `Sink.write`."""
        rest = memoryview(data)
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        while rest:
            if not poll.poll(WRITE_WITHIN * 1000):
                raise VirtError(ErrorCode.OPERATION_TIMEOUT, "the guest does not read its console", ErrorDomain.STREAMS)
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise system_error(error, "cannot write to stream", ErrorDomain.STREAMS) from error

    def hole(self, length: int) -> None:
        """See `Sink.hole`."""
        self.write(bytes(length))

    def finish(self) -> None:
        """See `Sink.finish`."""
        self._release()

    def abort(self) -> None:
        """See `Sink.abort`."""
        self._release()

    def _release(self) -> None:
        with self._lock:
            self._ends -= 1
            last = self._ends == 0
        if last:
            for descriptor in (self._descriptor, self._wake, self._waker):
                os.close(descriptor)
