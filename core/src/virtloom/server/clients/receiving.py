"""What one client sends: bytes to frames, and the descriptors that come with some of them.

Guarantees: a descriptor is given to the frame that announced it, or closed; never more of them are held than one frame
may announce. Used by the reader's thread alone.

How a descriptor is not lost: it is attached to a byte of its own behind its frame, and the kernel ends a read after
each such byte (unix(7)), so descriptors come in the order of their bytes and never more than one message's at a time.
"""

from __future__ import annotations

import array
import socket
from collections.abc import Sequence

from virtloom.server.clients.sending import close_all
from virtloom.wire.frames import Frame, FrameReader, FramingError
from virtloom.wire.message import FDS_MAX

CHUNK = 64 * 1024
_ANCILLARY = socket.CMSG_SPACE(FDS_MAX * array.array("i").itemsize)
_FLAGS = socket.MSG_CMSG_CLOEXEC


class Receiver:
    """The incoming side of a client's socket.

    :param sock: the socket, not blocking.
    :param limit: the largest frame that is accepted, in bytes.
    """

    def __init__(self, sock: socket.socket, limit: int) -> None:
        self._sock = sock
        self._frames = FrameReader(limit)
        self._fds: list[int] = []

    @property
    def partial(self) -> bool:
        """Whether a frame has begun that is not complete."""
        return self._frames.partial

    def receive(self) -> list[Frame] | None:
        """The frames that are complete with the next piece of what the client sends; None at its end.

        :raises FramingError: if it does not speak the protocol; the connection is to be closed.
        :raises OSError: if the connection is broken.
        """
        try:
            data, ancillary, _, _ = self._sock.recvmsg(CHUNK, _ANCILLARY, _FLAGS)
        except (BlockingIOError, InterruptedError):
            return []
        for _, kind, body in ancillary:
            if kind == socket.SCM_RIGHTS:
                self._keep(body)
        if not data:
            return None
        return self._cut(data) if self._fds else self._frames.feed(data)

    def _cut(self, data: bytes) -> list[Frame]:
        frames = self._frames.feed(data)
        if self._fds and not self._frames.partial and not any(frame.nfds for frame in frames):
            self.close()
        return frames

    def _keep(self, body: bytes) -> None:
        fds = array.array("i")
        fds.frombytes(body[: len(body) - len(body) % fds.itemsize])
        self._fds.extend(fds)
        if len(self._fds) > FDS_MAX:
            raise FramingError(f"more than {FDS_MAX} descriptors came that no frame announced")

    def take(self, count: int) -> Sequence[int]:
        """The descriptors of a frame that announced so many, in the frames' order; they are the caller's to close.

        :raises FramingError: if fewer came.
        """
        if count > len(self._fds):
            raise FramingError(f"a frame announced {count} descriptors, and {len(self._fds)} came")
        return tuple([self._fds.pop(0) for _ in range(count)])

    def close(self) -> None:
        """Close the descriptors that no frame took."""
        close_all(self._fds)
        self._fds.clear()
