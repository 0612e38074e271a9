"""A socket that sends and receives whole frames with their descriptors: the client without its conveniences.

Guarantees: every wait has a deadline, unless the caller asks for none; after a frame could be sent only in part, the
connection is over, since nothing that follows would be understood.
"""

from __future__ import annotations

import array
import os
import select
import socket
import struct
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

from virtloom.client.errors import ConnectionLost, DeadlineMissed
from virtloom.wire.frames import Frame, FrameReader, FramingError
from virtloom.wire.message import FDS_MAX

DEADLINE = 30.0  # seconds that anything is waited for unless told otherwise
ROOM = 1 << 18  # bytes of one read
ENDED = "the daemon closed the connection"


class Received(NamedTuple):
    """A frame and the descriptors that came with it; they are the receiver's to close."""

    frame: Frame
    fds: list[int]


class FrameSocket:
    """A connected socket. One thread receives; any thread may send.

    :param sock: a connected unix stream socket; it is closed with this.
    :param deadline: seconds that the daemon may take to make room for a frame.
    """

    def __init__(self, sock: socket.socket, deadline: float = DEADLINE) -> None:
        self._sock = sock
        self._sending = threading.Lock()
        self._reader = FrameReader()
        self._ready: deque[Received] = deque()
        self._fds: list[int] = []
        sock.settimeout(None)
        # A timeout of Python's would hold for both directions, and make the descriptor non-blocking for both.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", *_timeval(deadline)))

    @classmethod
    def connect(cls, path: Path, deadline: float = DEADLINE) -> Self:
        """Connect to a daemon's path.

        :raises ConnectionLost: if nobody answers there, with what to do about it.
        """
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        sock.settimeout(deadline)
        try:
            sock.connect(str(path))
        except PermissionError as error:
            sock.close()
            who = f"this user (number {os.geteuid()})"
            raise ConnectionLost(
                f"{path} is not for {who}: {error.strerror}; try as root or as the daemon's user"
            ) from error
        except OSError as error:
            sock.close()
            reason = error.strerror or error
            what = "is virtloomd running, and with the same --root or none?"
            raise ConnectionLost(f"no daemon answers at {path}: {reason}; {what}") from error
        return cls(sock, deadline)

    def send_frame(self, frame: bytes, fds: Sequence[int] = ()) -> None:
        """Send a frame whole, and a zero byte with each descriptor.

        :raises ConnectionLost: if the daemon is gone, or made no room in time.
        """
        with self._sending:
            try:
                self._sock.sendall(frame)
                for fd in fds:
                    self._sock.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
            except OSError as error:
                self.shut()
                reason = "it does not read" if isinstance(error, BlockingIOError) else str(error)
                raise ConnectionLost(f"the daemon is gone: {reason}") from error

    def recv_frame(self, deadline: float | None = DEADLINE) -> Received:
        """The next frame.

        :param deadline: seconds that each wait for more bytes may take; None waits for as long as there is a
            connection.
        :raises DeadlineMissed: if it did not come.
        :raises ConnectionLost: at the end of the connection, or if what came is no frame.
        """
        while not self._ready:
            if deadline is not None and not self._readable(deadline):
                raise DeadlineMissed(f"no frame from the daemon within {deadline:g} s")
            self._receive()
        return self._ready.popleft()

    def _readable(self, deadline: float) -> bool:
        waiter = select.poll()
        waiter.register(self._sock, select.POLLIN)
        return bool(waiter.poll(1000 * deadline))

    def _receive(self) -> None:
        """Read what is there, and cut it into frames."""
        try:
            data, ancillary, _, _ = self._sock.recvmsg(ROOM, socket.CMSG_SPACE(4 * FDS_MAX), socket.MSG_CMSG_CLOEXEC)
            for level, kind, payload in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    self._fds += array.array("i", payload[: len(payload) // 4 * 4])
            frames = self._reader.feed(data)
        except (OSError, FramingError) as error:
            raise ConnectionLost(f"the connection broke: {error}") from error
        if not data:
            raise ConnectionLost(ENDED)
        for frame in frames:
            own, self._fds = self._fds[: frame.nfds], self._fds[frame.nfds :]
            self._ready.append(Received(frame, own))

    def shut(self) -> None:
        """End the connection; a thread that receives learns of it."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the socket and of descriptors that nobody took. Not while another thread receives."""
        self.shut()
        self._sock.close()
        close_all(self._fds)
        for received in self._ready:
            close_all(received.fds)
        self._fds, self._ready = [], deque()


def close_all(fds: Sequence[int]) -> None:
    """Close descriptors that nobody wants."""
    for fd in fds:
        os.close(fd)


def _timeval(seconds: float) -> tuple[int, int]:
    """Whole seconds and microseconds (setsockopt(2), SO_SNDTIMEO)."""
    return int(seconds), int(seconds % 1 * 1_000_000)
