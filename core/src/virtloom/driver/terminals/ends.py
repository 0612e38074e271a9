"""The host's ends of a guest's devices, read from and written to by a client's stream.

Guarantees: `close` wakes whoever reads, and the descriptor is closed once nobody uses it. An end may be closed from any
thread, by its stream or by a client that takes the device over.
"""

from __future__ import annotations

import os
import select
import socket
import termios
import threading
import tty
from collections.abc import Callable
from pathlib import Path

from virtloom.driver.streams import Stream
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error

WRITE_WITHIN = 30.0  # seconds for the guest's side to take what is written


class End:
    """An open descriptor, as both a source and a sink of a stream.

    :param descriptor: the end owns it.
    :param closed: told once that the end is no more.
    """

    def __init__(self, descriptor: int, closed: Callable[[End], None] | None = None) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._closed = closed
        self._mutex = threading.Lock()
        self._users = 0
        self._open = True

    def attach(self, stream: Stream) -> None:
        """Make it both ends of a stream."""
        stream.send_from(self)
        stream.receive_into(self)

    def _enter(self) -> bool:
        with self._mutex:
            self._users += self._open
            return self._open

    def _leave(self) -> None:
        with self._mutex:
            self._users -= 1
            last = not self._open and not self._users
        if last:
            self._release()

    def _release(self) -> None:
        os.close(self._descriptor)
        os.close(self._wake)

    def read(self, size: int) -> bytes:
        """What the guest says next; b"" when the end is closed or the guest's side is gone."""
        if not self._enter():
            return b""
        try:
            return self._read(size)
        except OSError:
            return b""
        finally:
            self._leave()

    def _read(self, size: int) -> bytes:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while self._open:
            poll.poll()
            try:
                return os.read(self._descriptor, size) if self._open else b""
            except BlockingIOError:
                continue
        return b""

    def write(self, data: bytes) -> None:
        """Say something to the guest.

        :raises VirtError: SYSTEM_ERROR if the guest's side is gone; OPERATION_TIMEOUT if it takes nothing.
        """
        rest = memoryview(data)
        if not self._enter():
            return
        try:
            while rest and self._open:
                rest = rest[self._write(rest) :]
        except OSError as error:
            raise system_error(error, "cannot write to the guest's device", ErrorDomain.STREAMS) from error
        finally:
            self._leave()

    def _write(self, data: memoryview) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLOUT)
            poll.register(self._wake, select.POLLIN)
            if not poll.poll(WRITE_WITHIN * 1000):
                detail = "the guest does not read what it is sent"
                raise VirtError(ErrorCode.OPERATION_TIMEOUT, detail, ErrorDomain.STREAMS) from None
            return 0

    def hole(self, length: int) -> None:
        """A device has no holes: zeros are written."""
        self.write(b"\0" * length)

    def finish(self) -> None:
        """The client has said everything."""
        self.close()

    def abort(self) -> None:
        """The client has gone."""
        self.close()

    def close(self) -> None:
        """Let go of the device. Idempotent."""
        with self._mutex:
            if not self._open:
                return
            self._open = False
            os.eventfd_write(self._wake, 1)
            last = not self._users
        if last:
            self._release()
        if self._closed is not None:
            self._closed(self)


class TerminalEnd(End):
    """The host's end of a pseudo-terminal, set so that bytes pass as they are (`virFDStreamOpenPTY`)."""

    def __init__(self, path: str, closed: Callable[[End], None] | None = None) -> None:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise system_error(error, f"Unable to open tty '{path}'", ErrorDomain.STREAMS) from error
        try:
            tty.setraw(descriptor, termios.TCSANOW)
        except termios.error as error:
            os.close(descriptor)
            raise system_error(OSError(*error.args), f"Unable to open tty '{path}'", ErrorDomain.STREAMS) from error
        super().__init__(descriptor, closed)


class ChannelEnd(End):
    """A connection to a channel's socket."""

    def __init__(self, path: Path, closed: Callable[[End], None] | None = None) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as made:
            try:
                made.settimeout(5.0)
                made.connect(str(path))
            except OSError as error:
                raise system_error(error, f"Unable to connect to socket '{path}'") from error
            descriptor = made.detach()
        super().__init__(descriptor, closed)
