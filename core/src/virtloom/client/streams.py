"""A call's stream, as the client sees it: data to read, data to send, an end or an abort."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from virtloom.client.transport import DEADLINE, Transport, Waiting, decode_error
from virtloom.wire.frames import pack_hole, pack_stream
from virtloom.wire.message import STREAM_CHUNK, MessageType, Status, stream_hole


class Hole(NamedTuple):
    """A run of zeros, in bytes."""

    length: int


class ClientStream:
    """One stream.

    :param waiting: where the call's frames arrive.
    """

    def __init__(self, transport: Transport, waiting: Waiting) -> None:
        self._transport = transport
        self._waiting = waiting
        self._ended = False

    def read(self, deadline: float = DEADLINE) -> bytes | Hole:
        """The next piece; b"" at the end.

        :raises VirtError: if the daemon ended the stream with an error.
        """
        if self._ended:
            return b""
        frame, _ = self._waiting.next(deadline)
        if frame.header.status == Status.ERROR:
            self._finish_up()
            raise decode_error(frame)
        if frame.header.type == MessageType.STREAM_HOLE:
            return Hole(stream_hole.decode(frame.payload).length)
        if not frame.payload:
            self._ended = True
        return frame.payload

    def __iter__(self) -> Iterator[bytes | Hole]:
        while piece := self.read():
            yield piece

    def write(self, data: bytes) -> None:
        """Send data, in pieces as large as libvirt's."""
        for start in range(0, len(data), STREAM_CHUNK):
            self._transport.send(pack_stream(self._waiting.header, data[start : start + STREAM_CHUNK]))

    def hole(self, length: int) -> None:
        """Send a run of zeros, in bytes."""
        self._transport.send(pack_hole(self._waiting.header, length))

    def finish(self, deadline: float = DEADLINE) -> None:
        """Everything was sent, or read; waits for the daemon's word that it went well.

        :raises VirtError: if it did not.
        """
        self._transport.send(pack_stream(self._waiting.header, status=Status.OK))
        self._await_confirmation(deadline)

    def abort(self, deadline: float = DEADLINE) -> None:
        """Give up; what was on its way is dropped."""
        self._transport.send(pack_stream(self._waiting.header, status=Status.ERROR))
        self._await_confirmation(deadline)

    def _await_confirmation(self, deadline: float) -> None:
        try:
            while True:
                frame, _ = self._waiting.next(deadline)
                if frame.header.status == Status.ERROR:
                    raise decode_error(frame)
                if frame.header.status == Status.OK:
                    return
        finally:
            self._finish_up()

    def _finish_up(self) -> None:
        self._ended = True
        self._transport.end(self._waiting)
