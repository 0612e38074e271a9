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
from virtloom.xdr import Struct

FD_COUNT_SIZE = 4
WITH_FDS = (int(MessageType.CALL_WITH_FDS), int(MessageType.REPLY_WITH_FDS))
REPLY, REPLY_WITH_FDS = int(MessageType.REPLY), int(MessageType.REPLY_WITH_FDS)
OK = int(Status.OK)
_new = tuple.__new__  # a named tuple without the call of its constructor


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

    def feed(self, data: bytes | bytearray | memoryview) -> list[Frame]:
        """The frames that are complete with this data; each payload is copied once, out of what was fed.

        :raises FramingError: for a length or a count that no frame can have, and from then on for whatever is fed;
        frames before it are lost with the connection.
        """
        if self._buffer:
            self._buffer += data
            source: bytes | bytearray | memoryview = self._buffer
        elif len(data) >= FRAME_MIN and (frame := self._whole(data)) is not None:
            return [frame]
        else:
            source = data  # nothing is left over, as mostly: cut it where it is
        try:
            with memoryview(source) as view:
                frames, used = self._cut_all(view)
        except FramingError:
            if source is not self._buffer:
                self._buffer += data  # kept, so that it is refused again
            raise
        if source is self._buffer:
            del self._buffer[:used]
        else:
            self._buffer += data[used:]
        return frames

    def _whole(self, data: bytes | bytearray | memoryview) -> Frame | None:
        """The frame that the data is and no more, as nearly all data is: a third of the time of looking for more."""
        length, prog, vers, proc, kind, serial, status = HEADER.unpack_from(data)
        if length != len(data) or length > self._limit or kind in WITH_FDS:
            return None
        header = _new(Header, (prog, vers, proc, kind, serial, status))
        return _new(Frame, (header, bytes(data[FRAME_MIN:]), 0))

    def _cut_all(self, view: memoryview) -> tuple[list[Frame], int]:
        """The complete frames, and how many bytes they and their descriptors take."""
        frames: list[Frame] = []
        start, have = 0, len(view)
        while have - start >= LENGTH_SIZE:
            length = int.from_bytes(view[start : start + LENGTH_SIZE])
            self._check(length)
            if have - start < length:
                break
            header = Header(*HEADER.unpack_from(view, start)[1:])
            body, end = start + FRAME_MIN, start + length
            nfds = 0
            if header.type in WITH_FDS:
                nfds = _descriptors(view, body, end)
                body += FD_COUNT_SIZE
            if have < end + nfds:
                break
            frames.append(Frame(header, bytes(view[body:end]), nfds))
            start = end + nfds
        return frames, start

    def _check(self, length: int) -> None:
        if length < FRAME_MIN:
            raise FramingError(f"a frame's length of {length} is below {FRAME_MIN}")
        if length > self._limit:
            raise FramingError(f"a frame's length of {length} is above {self._limit}")


def _descriptors(view: memoryview, start: int, end: int) -> int:
    """The count of descriptors at the beginning of a payload."""
    count = int.from_bytes(view[start : start + FD_COUNT_SIZE])
    if end - start < FD_COUNT_SIZE or count > FDS_MAX:
        raise FramingError(f"a frame has no count of descriptors, or one above {FDS_MAX}")
    return count


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
    return _pack_value(header, procedure.args, args, nfds)


def pack_reply(call: Header, procedure: Procedure, value: tuple[Any, ...] | None, nfds: int = 0) -> bytes:
    """The good answer to a call; with `nfds`, one whose descriptors follow."""
    prog, vers, proc, _, serial, _ = call
    frame = bytearray(FRAME_MIN)
    if nfds:
        frame += nfds.to_bytes(FD_COUNT_SIZE)
    if (ret := procedure.ret) is not None:
        ret.encode_into(value, frame)
    HEADER.pack_into(frame, 0, len(frame), prog, vers, proc, REPLY_WITH_FDS if nfds else REPLY, serial, OK)
    return bytes(frame)


def pack_body(call: Header, body: bytes) -> bytes:
    """The good answer to a call, of the bytes that its value is."""
    prog, vers, proc, _, serial, _ = call
    return HEADER.pack(FRAME_MIN + len(body), prog, vers, proc, REPLY, serial, OK) + body


def pack_error(call: Header, error: tuple[Any, ...], kind: MessageType = MessageType.REPLY) -> bytes:
    """The bad answer to a call, or (kind STREAM) the bad end of its stream.

    :param error: the fields of `message.message_error`.
    """
    header = Header(call.prog, call.vers, call.proc, kind, call.serial, Status.ERROR)
    return _pack_value(header, message_error, error)


def pack_message(program: Program, procedure: Procedure, message: tuple[Any, ...], serial: int = 1) -> bytes:
    """An event; libvirt's have the serial 1."""
    header = Header(program.number, program.version, procedure.number, MessageType.MESSAGE, serial, Status.OK)
    return _pack_value(header, procedure.message, message)


def pack_stream(call: Header, data: bytes = b"", status: Status = Status.CONTINUE) -> bytes:
    """Stream data; an empty piece is its end, OK confirms the end, ERROR (from a client) aborts."""
    return pack(Header(call.prog, call.vers, call.proc, MessageType.STREAM, call.serial, status), data)


def pack_hole(call: Header, length: int, flags: int = 0) -> bytes:
    """A run of zeros, in bytes."""
    header = Header(call.prog, call.vers, call.proc, MessageType.STREAM_HOLE, call.serial, Status.CONTINUE)
    return _pack_value(header, stream_hole, (length, flags))


def _pack_value(header: Header, of: Struct | None, value: tuple[Any, ...] | None, nfds: int = 0) -> bytes:
    """A frame whose payload is a struct's value, after the count of descriptors if there are some."""
    frame = bytearray(FRAME_MIN)
    if nfds:
        frame += nfds.to_bytes(FD_COUNT_SIZE)
    if of is not None:
        of.encode_into(value, frame)
    HEADER.pack_into(frame, 0, len(frame), *header)
    return bytes(frame)
