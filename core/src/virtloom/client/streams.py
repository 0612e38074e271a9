"""A call's stream, as the client sees it: data to read, data to send, an end or an abort.

Guarantees: every wait has a deadline; a stream that has ended, well or badly, sends nothing and waits for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from virtloom.client.framesocket import DEADLINE
from virtloom.client.transport import Transport, Waiting, decode_error
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.wire.frames import Frame, pack_hole, pack_stream
from virtloom.wire.message import STREAM_CHUNK, MessageType, Status, stream_hole


class Hole(NamedTuple):
    """A run of zeros, in bytes."""

    length: int


class ClientStream:
    """One stream.

    :param waiting: where the call's frames arrive.
    :param deadline: seconds that each wait may take.
    """

    def __init__(self, transport: Transport, waiting: Waiting, deadline: float = DEADLINE) -> None:
        self._transport = transport
        self._waiting = waiting
        self._deadline = deadline
        self._at_end = False
        self._over = False

    def read(self) -> bytes | Hole:
        """The next piece; b"" at the end.

        :raises VirtError: if the daemon ended the stream with an error.
        :raises DeadlineMissed: if nothing came in time.
        """
        if self._at_end or self._over:
            return b""
        frame = self._next()
        if frame.header.type == MessageType.STREAM_HOLE:
            return Hole(stream_hole.decode(frame.payload).length)
        self._at_end = not frame.payload
        return frame.payload

    def __iter__(self) -> Iterator[bytes | Hole]:
        while piece := self.read():
            yield piece

    def write(self, data: bytes) -> None:
        """Send data, in pieces as large as libvirt's.

        :raises VirtError: INTERNAL_ERROR if the stream is over.
        """
        for start in range(0, len(data), STREAM_CHUNK):
            self._send(pack_stream(self._waiting.header, data[start : start + STREAM_CHUNK]))

    def hole(self, length: int) -> None:
        """Send a run of zeros, in bytes."""
        self._send(pack_hole(self._waiting.header, length))

    def finish(self) -> None:
        """Everything was sent, or read; waits for the daemon's word that it went well.

        :raises VirtError: if it did not.
        """
        self._end(Status.OK)

    def abort(self) -> None:
        """Give up; what was on its way is dropped. Does nothing to a stream that is over."""
        if not self._over:
            self._end(Status.ERROR)

    def _send(self, frame: bytes) -> None:
        if self._over:
            raise VirtError(ErrorCode.INTERNAL_ERROR, "the stream is over", ErrorDomain.STREAMS)
        self._transport.frames.send_frame(frame)

    def _next(self) -> Frame:
        frame = self._waiting.next(self._deadline).frame
        if frame.header.status == Status.ERROR:
            self._leave()
            raise decode_error(frame)
        return frame

    def _end(self, status: Status) -> None:
        self._send(pack_stream(self._waiting.header, status=status))
        try:
            while self._next().header.status != Status.OK:
                pass  # data that was on its way
        finally:
            self._leave()

    def _leave(self) -> None:
        self._over = True
        self._transport.end(self._waiting)
