"""The other end of a monitor, played by a test: it says what the test wants, and dies, hangs or talks nonsense."""

from __future__ import annotations

import json
import socket
from typing import Any

from virtloom_qemu.monitor import MonitorEvent

GREETING = {"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 22}, "package": ""}, "capabilities": []}}


class Peer:
    """A QEMU of few words."""

    def __init__(self) -> None:
        self.sock, self.client = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self._lines = self.sock.makefile("rb")

    def says(self, *messages: Any) -> None:
        for message in messages:
            self.sock.sendall(json.dumps(message).encode() + b"\r\n")

    def raw(self, data: bytes) -> None:
        self.sock.sendall(data)

    def hears(self) -> dict[str, Any]:
        """The next command."""
        heard = json.loads(self._lines.readline())
        assert isinstance(heard, dict)
        return heard

    def answers(self, value: Any) -> dict[str, Any]:
        """Answer the next command, and return it."""
        asked = self.hears()
        self.says({"return": value, "id": asked["id"]})
        return asked

    def dies(self) -> None:
        self._lines.close()
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


class Kept:
    """What a monitor told."""

    def __init__(self) -> None:
        self.events: list[MonitorEvent] = []
        self.ends: list[tuple[str, bool]] = []
