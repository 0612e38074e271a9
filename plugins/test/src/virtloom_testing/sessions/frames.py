"""Frames of the protocol as calls, answers, events and pieces of streams, and back. No I/O."""

from __future__ import annotations

from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.wire import admin, lxc, own, qemu, remote
from virtloom.wire.as_json import plain, typed
from virtloom.wire.frames import Frame, pack, pack_error, pack_hole, pack_message, pack_reply, pack_stream
from virtloom.wire.message import STREAM_CHUNK, Header, MessageType, Status, message_error, stream_hole
from virtloom.wire.programs import Procedure, Program
from virtloom.xdr import Struct, XdrError
from virtloom_testing.sessions.calls import Call, Piece, Told, Value, without_nothing

PROGRAMS = {one.name.lower(): one for one in (remote.PROGRAM, qemu.PROGRAM, lxc.PROGRAM, admin.PROGRAM, own.PROGRAM)}
BY_NUMBER = {program.number: (name, program) for name, program in PROGRAMS.items()}
CALLS = (MessageType.CALL, MessageType.CALL_WITH_FDS)
REPLIES = (MessageType.REPLY, MessageType.REPLY_WITH_FDS)
STREAMS = (MessageType.STREAM, MessageType.STREAM_HOLE)
RAW = "raw"  # the one field of what the tables cannot read, in hex
SMALL = {"code": ErrorCode, "domain": ErrorDomain}  # the numbers of errors that are kept by their names


def call_of(connection: int, frame: Frame) -> Call:
    """The call that a client's frame is; a procedure that nobody knows is kept by its number."""
    name, procedure = _procedure(frame.header)
    args = value_of(procedure.args if procedure else None, frame.payload)
    return Call(connection, _called(procedure, frame.header), args, program=name)


def event_of(frame: Frame) -> Told:
    """The event that a daemon's frame is."""
    name, procedure = _procedure(frame.header)
    message = value_of(procedure.message if procedure else None, frame.payload)
    return Told(_called(procedure, frame.header), message, name)


def answer(call: Call, frame: Frame) -> None:
    """Take a daemon's answer into the call that it is for."""
    if frame.header.status == Status.ERROR:
        call.error = error_of(frame.payload)
    else:
        _, procedure = _procedure(frame.header)
        call.reply = value_of(procedure.ret if procedure else None, frame.payload)


def piece_of(by: str, frame: Frame) -> Piece:
    """The piece of a stream that a frame is."""
    header, payload = frame.header, frame.payload
    if header.type == MessageType.STREAM_HOLE:
        return Piece(by, hole=stream_hole.decode(payload).length)
    if header.status == Status.CONTINUE:
        return Piece(by, data=payload, end="" if payload else "data")
    if header.status == Status.ERROR:
        return Piece(by, end="abort", error=error_of(payload) if by == "daemon" else None)
    return Piece(by, end="finish")


def value_of(struct: Struct | None, payload: bytes) -> Value:
    """A payload's fields; as it is, in hex, if the tables cannot read it."""
    if struct is None:
        return {RAW: payload.hex()} if payload else {}
    try:
        return dict(without_nothing(plain(struct.decode(payload))))
    except XdrError:
        return {RAW: payload.hex()}


def error_of(payload: bytes) -> Value:
    """An error's fields, code and domain by their names."""
    found = value_of(message_error, payload)
    for field, names in SMALL.items():
        if found.get(field) in set(names):
            found[field] = names(found[field]).name
    return found


# And back. Whoever edits a session may leave out what is usual.


def reply_frame(call: Call, header: Header) -> bytes:
    """A recorded call's answer.

    :param header: of the call as it is made now.
    :raises VirtError: INVALID_ARG if the recorded answer is none of the procedure's.
    """
    if call.error is not None:
        return pack_error(header, error_fields(call.error))
    procedure = named(call.program, call.name)
    value = call.reply or {}
    if RAW in value or procedure.ret is None:
        answered = header._replace(type=MessageType.REPLY, status=Status.OK)
        return pack(answered, bytes.fromhex(value.get(RAW, "")))
    return pack_reply(header, procedure, _typed(procedure.ret, value, call.name))


def event_frame(told: Told) -> bytes:
    """A recorded event.

    :raises VirtError: INVALID_ARG if its message is none of the event's.
    """
    procedure = named(told.program, told.event)
    if procedure.message is None:
        raise VirtError(ErrorCode.INVALID_ARG, f"'{told.event}' is no event")
    return pack_message(PROGRAMS[told.program], procedure, _typed(procedure.message, told.message, told.event))


def piece_frames(piece: Piece, header: Header) -> list[bytes]:
    """A daemon's piece of a stream, in frames as large as libvirt's."""
    if piece.hole:
        return [pack_hole(header, piece.hole)]
    if piece.error is not None:
        return [pack_error(header, error_fields(piece.error), MessageType.STREAM)]
    if piece.end == "finish":
        return [pack_stream(header, status=Status.OK)]
    data = piece.data
    return [pack_stream(header, data[at : at + STREAM_CHUNK]) for at in range(0, len(data) or 1, STREAM_CHUNK)]


def error_fields(error: Value) -> tuple[Any, ...]:
    """An error's fields in the order of the wire; a message is enough."""
    full: Value = {"code": "INTERNAL_ERROR", "domain": "NONE", "level": 2, "int1": -1, "int2": -1, **error}
    for field, names in SMALL.items():
        if isinstance(full[field], str):
            try:
                full[field] = int(names[full[field]])
            except KeyError:
                raise VirtError(ErrorCode.INVALID_ARG, f"an error has no {field} '{full[field]}'") from None
    return _typed(message_error, full, "an error")


def check(call: Call, where: str) -> None:
    """See that what was recorded can be said again, before a client is there to wait for it.

    :raises VirtError: INVALID_ARG if it cannot, beginning with `where`.
    """
    header = Header(0, 0, 0, MessageType.CALL, 0, Status.OK)
    try:
        if not call.lost:
            reply_frame(call, header)
        for told in (*call.meanwhile, *call.afterwards):
            event_frame(told)
        for piece in call.stream:
            piece_frames(piece, header)
    except VirtError as error:
        raise VirtError(ErrorCode.INVALID_ARG, f"{where}: {error.detail}") from error


def named(program: str, name: str) -> Procedure:
    """A procedure by the names of its program and its own.

    :raises VirtError: INVALID_ARG if there is none.
    """
    try:
        return PROGRAMS[program].by_name(name)
    except KeyError:
        raise VirtError(ErrorCode.INVALID_ARG, f"the program '{program}' has no procedure '{name}'") from None


def _typed(struct: Struct, value: Value, name: str) -> tuple[Any, ...]:
    try:
        made: tuple[Any, ...] = typed(struct, value)
        struct.encode(made)  # now, so that what is wrong is told with its name
    except (VirtError, XdrError) as error:
        raise VirtError(ErrorCode.INVALID_ARG, f"{name}: {getattr(error, 'detail', error)}") from error
    return made


def _procedure(header: Header) -> tuple[str, Procedure | None]:
    name, program = BY_NUMBER.get(header.prog, (f"{header.prog:#x}", None))
    return name, program.find(header.proc) if isinstance(program, Program) else None


def _called(procedure: Procedure | None, header: Header) -> str:
    return procedure.snake if procedure is not None else str(header.proc)
