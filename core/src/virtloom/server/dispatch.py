"""From a call to its answer: program, procedure, decoding, the session's call, encoding.

Guarantees: every call is answered exactly once, whatever it holds, and its descriptors are closed; what a refusal says
is what libvirt says (`virNetServerProgramDispatch`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from virtloom.api.failures import as_virt_error
from virtloom.api.ports import Reply
from virtloom.errors import ErrorDomain
from virtloom.server.clients.lanes import Call
from virtloom.server.clients.sending import close_all
from virtloom.server.messages import error_frame, refusal
from virtloom.server.routes import Route
from virtloom.wire.frames import OK, pack_body, pack_reply
from virtloom.wire.message import FRAME_MIN, PAYLOAD_MAX, Header, MessageType
from virtloom.wire.programs import Procedure, Program
from virtloom.xdr import EncodeError, XdrError

if TYPE_CHECKING:
    from virtloom.server.clients.writing import Writing

log = logging.getLogger(__name__)

Answer = tuple[bytes, Sequence[int]]


class Dispatcher:
    """The programs of a server.

    :param programs: those that its clients may call.
    """

    def __init__(self, programs: Iterable[Program]) -> None:
        self._programs = {(program.number, program.version): program for program in programs}
        self._routes = {
            (number, version, procedure.number): Route(program, procedure)
            for (number, version), program in self._programs.items()
            for procedure in program.procedures
            if procedure.event is None
        }

    def find(self, header: Header) -> Route:
        """What a call names: a route without a program or procedure for what there is not."""
        try:
            return self._routes[header[:3]]
        except KeyError:
            return Route(self._programs.get((header.prog, header.vers)), None)

    def serve(self, client: Writing, call: Call) -> Answer | None:
        """Answer a call: the frame for the client to send, with its descriptors; None if it is on its way already."""
        try:
            if (body := _kept(client, call)) is not None:
                return pack_body(call.header, body), ()
            program, procedure, args = accept(client, call)
            if procedure.stream is not None:
                return self._answer_with_stream(client, call, program, procedure, args)
            reply = client.session.call(program, procedure, args, call.fds)
            if reply.cut is not None:
                _break_off(client, call, procedure, reply)
                return None
            frame = _encode(call, procedure, reply)
            if reply.keep is not None:
                reply.keep(call.payload, frame[FRAME_MIN:])
            return frame, reply.fds
        except Exception as error:
            failure = as_virt_error(error, ErrorDomain.RPC)
            if failure.hint is not None:
                log.info("client %d: %s; hint: %s", client.id, failure, failure.hint)
            return error_frame(call.header, MessageType.REPLY, failure), ()
        finally:
            if call.fds:
                close_all(call.fds)

    def _answer_with_stream(
        self, client: Writing, call: Call, program: Program, procedure: Procedure, args: tuple[Any, ...]
    ) -> Answer | None:
        client.streams.claim()
        try:
            reply = client.session.call(program, procedure, args, call.fds)
            frame = b"" if reply.cut is not None else _encode(call, procedure, reply)
        except BaseException:
            client.streams.release()
            raise
        if reply.cut is not None:
            client.streams.release()
            _break_off(client, call, procedure, reply)
            return None
        if reply.stream is None:
            client.streams.release()
            return frame, ()
        client.streams.open(call.header, reply.stream, _sparse(procedure, args), frame)
        return None


def _kept(client: Writing, call: Call) -> bytes | None:
    """The answer to a call that was made before and still holds (`driver.settled`)."""
    procedure = call.route.procedure
    if procedure is None or call.header.status != OK:
        return None
    return client.session.kept(procedure, call.payload)


def accept(client: Writing, call: Call) -> tuple[Program, Procedure, tuple[Any, ...]]:
    """The procedure that a call is for, and its arguments.

    :raises VirtError: RPC, in libvirt's words and in the order in which it looks.
    """
    header, route = call.header, call.route
    program, procedure = route.program, route.procedure
    if program is None:
        raise refusal(f"Cannot find program {_signed(header.prog)} version {_signed(header.vers)}")
    if header.status != OK:
        raise refusal(f"Unexpected message status {header.status}")
    if procedure is None:
        raise refusal(f"unknown procedure: {header.proc}")
    if procedure.needs_auth and not client.session.authenticated:
        raise refusal("authentication required")
    try:
        return program, procedure, route.decode(call.payload)
    except XdrError as error:
        log.debug("client %d: %s: %s", client.id, procedure.name, error)
        raise refusal("Unable to decode message payload") from None


def _break_off(client: Writing, call: Call, procedure: Procedure, reply: Reply) -> None:
    """Send the beginning of an answer, never all of it, and close the connection (`driver.ReplyCut`)."""
    if reply.cut:
        frame = _encode(call, procedure, reply)
        client.send(frame[: min(reply.cut, len(frame) - 1)])
    client.close_after_reply()


def _encode(call: Call, procedure: Procedure, reply: Reply) -> bytes:
    try:
        frame = pack_reply(call.header, procedure, reply.value, len(reply.fds))
        if len(frame) > PAYLOAD_MAX:
            raise EncodeError(f"{len(frame)} bytes, more than a message may have")
        return frame
    except XdrError as error:
        log.error("%s: the answer cannot be encoded: %s", procedure.api, error)
        close_all(reply.fds)
        if reply.stream is not None:
            reply.stream.discard()
        raise refusal("Unable to encode message payload") from error


def _sparse(procedure: Procedure, args: tuple[Any, ...]) -> bool:
    flag = 0 if procedure.stream is None else procedure.stream.sparse_flag
    return bool(flag and getattr(args, "flags", 0) & flag)


def _signed(number: int) -> int:
    """An unsigned number as libvirt's format %d shows it."""
    return number - (1 << 32) if number >> 31 else number
