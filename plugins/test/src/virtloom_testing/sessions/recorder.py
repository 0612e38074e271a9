"""Makes calls of the frames that pass between clients and their daemon. No I/O.

Locks: one mutex, since each connection's two directions are read by threads of their own.
"""

from __future__ import annotations

import threading

from virtloom.wire import keepalive
from virtloom.wire.frames import Frame
from virtloom_testing.sessions.calls import Call
from virtloom_testing.sessions.frames import CALLS, REPLIES, STREAMS, answer, call_of, event_of, piece_of


class Recorder:
    """What is said on the connections of one proxy.

    :ivar calls: all calls, in the order in which they were made.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._mutex = threading.Lock()
        self._waiting: dict[tuple[int, int], Call] = {}  # by connection and serial, until it is answered
        self._streams: dict[tuple[int, int], Call] = {}  # by the same, for good: a serial is not used twice
        self._last: dict[int, Call] = {}  # the call that was answered last, by connection

    def sent(self, connection: int, frame: Frame) -> None:
        """Take a client's frame."""
        header = frame.header
        if header.prog == keepalive.PROGRAM.number:
            return
        with self._mutex:
            if header.type in CALLS:
                call = call_of(connection, frame)
                for other in self._of(connection):
                    other.held += 1
                self.calls.append(call)
                self._waiting[connection, header.serial] = call
            elif header.type in STREAMS:
                self._stream("client", connection, frame)

    def received(self, connection: int, frame: Frame) -> None:
        """Take a daemon's frame."""
        header = frame.header
        if header.prog == keepalive.PROGRAM.number:
            return
        with self._mutex:
            if header.type in REPLIES:
                call = self._waiting.pop((connection, header.serial), None)
                if call is not None:
                    answer(call, frame)
                    self._streams[connection, header.serial] = self._last[connection] = call
            elif header.type in STREAMS:
                self._stream("daemon", connection, frame)
            else:
                self._event(connection, frame)

    def closed(self, connection: int) -> None:
        """The daemon closed a connection: what was not answered will not be."""
        with self._mutex:
            for call in self._of(connection):
                call.lost = True

    def _of(self, connection: int) -> list[Call]:
        """The calls under way on a connection, the oldest first."""
        return [call for (number, _), call in self._waiting.items() if number == connection]

    def _event(self, connection: int, frame: Frame) -> None:
        under_way = self._of(connection)
        if under_way:
            under_way[0].meanwhile.append(event_of(frame))
        elif connection in self._last:
            self._last[connection].afterwards.append(event_of(frame))

    def _stream(self, by: str, connection: int, frame: Frame) -> None:
        key = (connection, frame.header.serial)
        call = self._streams.get(key) or self._waiting.get(key)
        if call is None:
            return
        piece = piece_of(by, frame)
        last = call.stream[-1] if call.stream else None
        if last is not None and last.by == by and last.data and piece.data:
            last.data += piece.data  # how data were cut means nothing
        else:
            call.stream.append(piece)
