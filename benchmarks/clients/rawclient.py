"""A client that costs next to nothing: it sends frames as they are and receives whole answers."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from benchmarks.clients import frames

LENGTH = 4
REPLY = 1
TYPE_AT = 16


class RawClient:
    """One connection, opened.

    :param path: the daemon's socket.
    :param timeout: seconds to wait for anything.
    :param uri: the URI that it opens.
    """

    def __init__(self, path: Path, timeout: float = 60.0, uri: str = frames.URI) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        for frame in frames.opening(uri):
            self.send(frame)

    def call(self, name: str, *args: Any) -> Any:
        """Call a procedure; the fields of its answer.

        :raises RuntimeError: if the answer is an error.
        """
        return frames.answer(name, self.send(frames.call(name, *args)))

    def send(self, frame: bytes) -> bytes:
        """Send a call's frame; the frame of its answer."""
        self.socket.sendall(frame)
        while True:
            head = self._receive(LENGTH)
            got = head + self._receive(int.from_bytes(head) - LENGTH)
            if int.from_bytes(got[TYPE_AT : TYPE_AT + 4]) == REPLY:
                return got

    def _receive(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError("the daemon closed the connection")
            data += piece
        return bytes(data)

    def close(self) -> None:
        """Vanish."""
        self.socket.close()
