"""A client that costs next to nothing: frames made once, sent and received as bytes."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

HEADER = struct.Struct(">IIIIIII")
REMOTE = 0x20008086
AUTH_LIST, CONNECT_OPEN, LOOKUP_BY_NAME, GET_LIB_VERSION = 66, 1, 23, 157


def string(text: str) -> bytes:
    """An XDR string (RFC 4506, 4.11)."""
    data = text.encode()
    return struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)


def frame(procedure: int, payload: bytes = b"", serial: int = 0) -> bytes:
    """A call's frame."""
    return HEADER.pack(HEADER.size + len(payload), REMOTE, 1, procedure, 0, serial, 0) + payload


class RawClient:
    """One connection, opened.

    :param path: the daemon's socket.
    :param uri: what to open.
    """

    def __init__(self, path: Path, uri: str, timeout: float = 30.0) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.call(frame(AUTH_LIST))
        self.call(frame(CONNECT_OPEN, struct.pack(">I", 1) + string(uri) + struct.pack(">I", 0)))

    def call(self, data: bytes) -> bytes:
        """Send a frame and wait for the reply; the reply's payload.

        :raises RuntimeError: if the reply is an error.
        """
        self.socket.sendall(data)
        length = HEADER.unpack(head := self._receive(HEADER.size))[0]
        payload = self._receive(length - HEADER.size)
        if HEADER.unpack(head)[6] != 0:
            raise RuntimeError(f"the daemon answered with an error: {payload!r}")
        return payload

    def _receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError("the daemon closed the connection")
            data += piece
        return data

    def close(self) -> None:
        """Vanish."""
        self.socket.close()
