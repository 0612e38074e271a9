"""A unix socket with a thread of its own that reads it, and that writes what could not be written at once.

Guarantees: `send` never blocks, so it may be called whatever the peer does; what is sent is sent whole and in order;
`ended` is called exactly once, on the channel's thread, with the reason. Nothing is called with its lock held.
Assumes: `received` is quick; it runs on the channel's thread.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from virtloom.errors import system_error
from virtloom.locks import Level, LockManager

READ_SIZE = 65536
RETRY = 0.02  # seconds between attempts to connect while the peer is not there yet

Received = Callable[[bytes], None]
Ended = Callable[[str], None]


def connect(path: Path, deadline: float, alive: Callable[[], bool] = lambda: True) -> socket.socket:
    """A connection to a unix socket that may not be there yet.

    :param deadline: seconds to go on trying.
    :param alive: whether it makes sense to go on.
    :raises VirtError: SYSTEM_ERROR if nobody listens there.
    """
    end = time.monotonic() + deadline
    while True:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            made.settimeout(max(0.01, end - time.monotonic()))
            made.connect(os.fspath(path))
        except OSError as error:
            made.close()
            if not alive() or time.monotonic() >= end or isinstance(error, TimeoutError):
                raise system_error(error, f"failed to connect to monitor socket {path}") from error
            time.sleep(RETRY)
        else:
            return made


class Channel:
    """One connection.

    :param sock: connected; the channel closes it.
    :param name: for the thread's name.
    :param received: takes what was read.
    :param ended: told why there is nothing more to come.
    """

    def __init__(self, sock: socket.socket, name: str, locks: LockManager, received: Received, ended: Ended) -> None:
        self._sock = sock
        self._sock.setblocking(False)
        self._received = received
        self._ended = ended
        self._lock = locks.lock("monitor writer", Level.LEAF)
        self._unsent = bytearray()
        self._closing: str | None = None
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def send(self, data: bytes, fds: Sequence[int] = ()) -> None:
        """Send bytes, now or when the peer takes them.

        :param fds: descriptors that go with them, if nothing is in the way.
        :raises OSError: if the connection is broken, or descriptors cannot be sent now.
        """
        with self._lock:
            if fds and self._unsent:
                raise BlockingIOError("the peer does not read")
            sent = 0
            if not self._unsent:
                sent = self._send_now(data, fds)
            self._unsent += data[sent:]
            pending = bool(self._unsent)
        if pending:
            self._rouse()

    def _send_now(self, data: bytes, fds: Sequence[int]) -> int:
        try:
            if fds:
                return socket.send_fds(self._sock, [data], list(fds))
            return self._sock.send(data)
        except BlockingIOError:
            if fds:
                raise
            return 0

    def close(self, reason: str) -> None:
        """Have it end for a reason; returns at once."""
        if self._closing is None:
            self._closing = reason
        self._rouse()

    def join(self, timeout: float) -> None:
        """Wait for its thread, unless it is this one.

        :param timeout: seconds.
        """
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _rouse(self) -> None:
        with self._lock:  # so that the descriptor is not closed, and another's, meanwhile
            if self._wake >= 0:
                os.eventfd_write(self._wake, 1)

    def _run(self) -> None:
        reason = "the connection was closed"
        try:
            reason = self._serve()
        finally:
            with self._lock:
                self._sock.close()
                wake, self._wake = self._wake, -1
                os.close(wake)
            self._ended(reason)

    def _serve(self) -> str:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        while self._closing is None:
            poll.register(self._sock, select.POLLIN | (select.POLLOUT if self._unsent else 0))
            for descriptor, event in poll.poll():
                if descriptor == self._wake:
                    os.eventfd_read(self._wake)
                elif (reason := self._move(event)) is not None:
                    return reason
        return self._closing

    def _move(self, event: int) -> str | None:
        """Write and read what is possible; why it is over, if it is."""
        try:
            if event & select.POLLOUT:
                with self._lock:
                    del self._unsent[: self._sock.send(self._unsent)]
            if event & (select.POLLIN | select.POLLHUP | select.POLLERR):
                data = self._sock.recv(READ_SIZE)
                if not data:
                    return "End of file from qemu monitor"
                self._received(data)
        except BlockingIOError:
            return None
        except OSError as error:
            return f"Unable to read from monitor: {os.strerror(error.errno or 0)}"
        return None
