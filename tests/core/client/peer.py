"""The other end of a client's socket, played by the test."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

from virtloom.client import FrameSocket, Transport
from virtloom.wire import keepalive, remote
from virtloom.wire.frames import Frame, pack, pack_error, pack_message, pack_reply
from virtloom.wire.message import Header, MessageType
from virtloom.wire.programs import Procedure

HOSTNAME = remote.PROGRAM.by_name("connect_get_hostname")
CLOSED = remote.PROGRAM.by_name("connect_event_connection_closed")
PING, PONG = 1, 2
KEEPALIVE = keepalive.PROGRAM.number


class Peer:
    """A daemon of which every frame is the test's.

    :ivar frames: its end of the socket.
    :ivar client: the client's end, not yet read by anybody.
    """

    def __init__(self, deadline: float = 30.0) -> None:
        ours, theirs = socket.socketpair()
        self.frames = FrameSocket(ours)
        self.client = FrameSocket(theirs, deadline)

    def transport(self, **handlers: Any) -> Transport:
        """A client's transport on the other end."""
        return Transport(self.client, (remote.PROGRAM,), **handlers)

    def receive(self) -> Frame:
        """The client's next frame."""
        return self.frames.recv_frame().frame

    def reply(self, call: Header, procedure: Procedure, value: tuple[Any, ...], fds: Sequence[int] = ()) -> None:
        """Answer a call."""
        self.frames.send_frame(pack_reply(call, procedure, value, len(fds)), fds)

    def fail(self, call: Header, code: int, message: str) -> None:
        """Answer a call with an error."""
        error = (code, 0, message, 2, None, None, None, None, -1, -1, None)
        self.frames.send_frame(pack_error(call, error))

    def ping(self) -> None:
        """Ask whether the client lives."""
        self.frames.send_frame(pack(Header(KEEPALIVE, 1, PING, MessageType.MESSAGE, 0, 0)))

    def event(self, procedure: Procedure, message: tuple[Any, ...]) -> None:
        """Tell of an event."""
        self.frames.send_frame(pack_message(remote.PROGRAM, procedure, message))

    def close(self) -> None:
        """Go away."""
        self.frames.close()
