"""Frames: bytes in, messages out; messages in, bytes out. No I/O.

A frame is a length word that counts itself, a header of 24 bytes, and a payload. `FrameReader` takes bytes as they
come. Behind a frame of a `*_WITH_FDS` type follows one zero byte for each descriptor, not counted in its length, each
sent with the descriptor attached (unix(7), SCM_RIGHTS). Whoever reads the socket receives with room for descriptors
and keeps them in order; the reader takes the zero bytes out and says with the frame how many descriptors are its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from virtloom.wire.message import (
    FDS_MAX,
    FRAME_MAX,
    FRAME_MIN,
    HEADER,
    LENGTH_SIZE,
    Header,
    MessageType,
    Status,
    message_error,
    stream_hole,
)
from virtloom.wire.programs import Procedure, Program

FD_COUNT_SIZE = 4
WITH_FDS = (MessageType.CALL_WITH_FDS, MessageType.REPLY_WITH_FDS)


class FramingError(Exception):
    """The bytes cannot be cut into frames any more; the connection is to be closed."""


class Frame(NamedTuple):
    """One message.

    :ivar header: the six words after the length.
    :ivar payload: what follows them, after the count of descriptors if there is one.
    :ivar nfds: how many descriptors follow the frame on the socket.
    """

    header: Header
    payload: bytes
    nfds: int = 0


class FrameReader:
    """Cuts what a peer sends into frames.

    :param limit: the largest length word that is accepted.
    """

    def __init__(self, limit: int = FRAME_MAX) -> None:
        self._limit = limit
        self._buffer = bytearray()

    @property
    def partial(self) -> bool:
        """Whether a frame has begun that is not complete."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with this data.

        :raises FramingError: for a length or a count that no frame can have; frames before it are lost with the
        connection.
        """
        self._buffer += data
        frames = []
        start, have = 0, len(self._buffer)
        while have - start >= LENGTH_SIZE:
            length = int.from_bytes(self._buffer[start : start + LENGTH_SIZE])
            self._check(length)
            if have - start < length:
                break
            frame = self._cut(start, length)
            if have - start < length + frame.nfds:
                break
            frames.append(frame)
            start += length + frame.nfds
        if start:
            del self._buffer[:start]
        return frames

    def _check(self, length: int) -> None:
        if length < FRAME_MIN:
            raise FramingError(f"a frame's length of {length} is below {FRAME_MIN}")
        if length > self._limit:
            raise FramingError(f"a frame's length of {length} is above {self._limit}")

    def _cut(self, start: int, length: int) -> Frame:
        header = Header(*HEADER.unpack_from(self._buffer, start)[1:])
        payload = bytes(self._buffer[start + FRAME_MIN : start + length])
        if header.type not in WITH_FDS:
            return Frame(header, payload)
        count = int.from_bytes(payload[:FD_COUNT_SIZE])
        if len(payload) < FD_COUNT_SIZE or count > FDS_MAX:
            raise FramingError(f"a frame has no count of descriptors, or one above {FDS_MAX}")
        return Frame(header, payload[FD_COUNT_SIZE:], count)


def pack(header: Header, payload: bytes = b"") -> bytes:
    """A frame's bytes."""
    return HEADER.pack(FRAME_MIN + len(payload), *header) + payload


def unpack(data: bytes) -> Frame:
    """The one frame that the bytes are.

    :raises FramingError: if they are not exactly one.
    """
    reader = FrameReader()
    frames = reader.feed(data)
    if len(frames) != 1 or reader.partial:
        raise FramingError(f"{len(data)} bytes are not one frame")
    return frames[0]


def pack_call(program: Program, procedure: Procedure, serial: int, args: tuple[Any, ...] = (), nfds: int = 0) -> bytes:
    """A call; with `nfds`, one whose descriptors follow."""
    kind = MessageType.CALL_WITH_FDS if nfds else MessageType.CALL
    header = Header(program.number, program.version, procedure.number, kind, serial, Status.OK)
    body = procedure.args.encode(args) if procedure.args is not None else b""
    return pack(header, nfds.to_bytes(4) + body if nfds else body)


def pack_reply(call: Header, procedure: Procedure, value: tuple[Any, ...] | None, nfds: int = 0) -> bytes:
    """The good answer to a call; with `nfds`, one whose descriptors follow."""
    kind = MessageType.REPLY_WITH_FDS if nfds else MessageType.REPLY
    body = procedure.ret.encode(value) if procedure.ret is not None else b""
    header = Header(call.prog, call.vers, call.proc, kind, call.serial, Status.OK)
    return pack(header, nfds.to_bytes(4) + body if nfds else body)


def pack_error(call: Header, error: tuple[Any, ...], kind: MessageType = MessageType.REPLY) -> bytes:
    """The bad answer to a call, or (kind STREAM) the bad end of its stream.

    :param error: the fields of `message.message_error`.
    """
    return pack(Header(call.prog, call.vers, call.proc, kind, call.serial, Status.ERROR), message_error.encode(error))


def pack_message(program: Program, procedure: Procedure, message: tuple[Any, ...], serial: int = 1) -> bytes:
    """An event; libvirt's have the serial 1."""
    header = Header(program.number, program.version, procedure.number, MessageType.MESSAGE, serial, Status.OK)
    return pack(header, procedure.message.encode(message) if procedure.message is not None else b"")


def pack_stream(call: Header, data: bytes = b"", status: Status = Status.CONTINUE) -> bytes:
    """Stream data; an empty piece is its end, OK confirms the end, ERROR (from a client) aborts."""
    return pack(Header(call.prog, call.vers, call.proc, MessageType.STREAM, call.serial, status), data)


def pack_hole(call: Header, length: int, flags: int = 0) -> bytes:
    """A run of zeros, in bytes."""
    header = Header(call.prog, call.vers, call.proc, MessageType.STREAM_HOLE, call.serial, Status.CONTINUE)
    return pack(header, stream_hole.encode((length, flags)))
