"""Says a recorded session again on one connection: a client's frame in, the daemon's frames out. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain
from virtloom.wire import keepalive
from virtloom.wire.frames import Frame, pack, pack_error, pack_stream
from virtloom.wire.message import Header, Status
from virtloom_testing.sessions.calls import Call, Piece
from virtloom_testing.sessions.differences import written
from virtloom_testing.sessions.frames import (
    CALLS,
    STREAMS,
    call_of,
    error_fields,
    event_frame,
    piece_frames,
    piece_of,
    reply_frame,
)
from virtloom_testing.sessions.script import Script

PONG = 2


class Lost(Exception):
    """The recorded daemon closed the connection here."""


class Held(NamedTuple):
    """A call that is not answered yet: as it was recorded and as it was made, and how many more come first."""

    recorded: Call
    made: Call
    header: Header
    calls: int


class Player:
    """The daemon's side of one connection.

    :param number: the connection's, from 1.
    :param script: finds the recorded calls.
    """

    def __init__(self, number: int, script: Script) -> None:
        self._number = number
        self._script = script
        self._held: list[Held] = []
        self._streams: dict[int, StreamPlayer] = {}

    def take(self, frame: Frame) -> Iterator[bytes]:
        """What the daemon says to a client's frame.

        :raises Lost: if it closed the connection instead.
        :raises VirtError: INVALID_ARG if what was recorded cannot be said.
        """
        header = frame.header
        if header.prog == keepalive.PROGRAM.number:
            if header.proc != PONG:
                yield pack(header._replace(proc=PONG))
        elif header.type in STREAMS:
            player = self._streams.get(header.serial)
            if player is not None:
                yield from player.take(piece_of("client", frame))
        elif header.type in CALLS:
            yield from self._call(call_of(self._number, frame), header)

    def _call(self, made: Call, header: Header) -> Iterator[bytes]:
        recorded = self._script.match(made)
        waiting = [held._replace(calls=held.calls - 1) for held in self._held]
        if recorded is None:
            yield pack_error(header, error_fields(_unexpected(made)))
        else:
            waiting.append(Held(recorded, made, header, recorded.held))
        self._held = [held for held in waiting if held.calls > 0]
        for held in waiting:
            if held.calls <= 0:
                yield from self._answer(held)

    def _answer(self, held: Held) -> Iterator[bytes]:
        call, made, header, _ = held
        yield from map(event_frame, call.meanwhile)
        if call.lost:
            raise Lost
        yield reply_frame(call, header)
        if call.stream:
            self._streams[header.serial] = player = StreamPlayer(header, call.stream, made.stream)
            yield from player.go_on()
        yield from map(event_frame, call.afterwards)


class StreamPlayer:
    """The daemon's side of one stream: what it sent is sent again, each piece after the client's before it.

    :param pieces: what was recorded; :param made: where the client's pieces are kept, to be compared.
    """

    def __init__(self, header: Header, pieces: list[Piece], made: list[Piece]) -> None:
        self._header = header
        self._left = list(pieces)
        self._made = made
        self._got = 0  # bytes of the client's that were not recorded yet

    def take(self, piece: Piece) -> Iterator[bytes]:
        """What the daemon says to a client's piece."""
        self._made.append(piece)
        if piece.end in ("finish", "abort"):
            expected = next((one for one in self._left if one.by == "client" and one.end == piece.end), None)
            del self._left[: len(self._left) if expected is None else self._left.index(expected) + 1]
            if expected is None:  # it ends the stream otherwise than it did: that is confirmed
                yield pack_stream(self._header, status=Status.OK)
        else:
            self._got += len(piece.data) + piece.hole
        yield from self.go_on()

    def go_on(self) -> Iterator[bytes]:
        """What the daemon says until it is the client's turn."""
        while self._left:
            piece = self._left[0]
            if piece.by == "client":
                size = len(piece.data) + piece.hole
                if piece.end in ("finish", "abort") or self._got < size:
                    return
                self._got -= size
            else:
                yield from piece_frames(piece, self._header)
            self._left.pop(0)


def _unexpected(made: Call) -> dict[str, object]:
    message = f"the recorded session has no such call here: {written(made)}"
    return {"code": ErrorCode.OPERATION_INVALID.name, "domain": ErrorDomain.REMOTE.name, "message": message}
