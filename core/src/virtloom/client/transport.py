"""Calls over one socket: its reader's thread, and who waits for which reply.

Guarantees: every wait has a deadline; replies find their callers by serial, so that calls of several threads may be
under way at once; a ping is answered at once, whatever else is going on; nothing that the daemon sends ends the
reader's thread without whoever waits being told.
Locks: one mutex guards the table of waiting calls; nothing is sent under it, so a full socket never stops the reader.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from virtloom.client.errors import ConnectionLost
from virtloom.client.framesocket import DEADLINE, FrameSocket, Received, close_all
from virtloom.client.inbox import Inbox
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.wire import keepalive
from virtloom.wire.frames import Frame, pack, pack_call
from virtloom.wire.message import Header, MessageType, Status, message_error
from virtloom.wire.programs import Procedure, Program
from virtloom.xdr import XdrError

log = logging.getLogger(__name__)

PING, PONG = 1, 2
STREAMED = (MessageType.STREAM, MessageType.STREAM_HOLE)
JOIN = 5.0  # seconds for the reader's thread to see that the socket was closed


class Waiting(Inbox[Received]):
    """A call under way, or its stream: where its frames arrive, its reply first.

    libvirtd sends a stream's data from another thread than the call's reply, and now and then before it.

    :ivar header: the call's.
    """

    def __init__(self, header: Header) -> None:
        super().__init__("answer")
        self.header = header
        self._early: list[Received] | None = []

    def put(self, item: Received) -> None:
        """Add a frame; what belongs to the stream is held back until the reply is there."""
        if self._early is None:
            super().put(item)
        elif item.frame.header.type in STREAMED:
            self._early.append(item)
        else:
            early, self._early = self._early, None
            for frame in (item, *early):
                super().put(frame)


EventHandler = Callable[[Program, Procedure, Any], None]


class Transport:
    """One connected socket.

    :param frames: the socket; closed with this.
    :param programs: the programs whose events are understood.
    :param on_event: called on the reader's thread with each event's message; must neither wait nor raise.
    :param on_end: called on the reader's thread when the connection has ended, with the reason.
    """

    def __init__(
        self,
        frames: FrameSocket,
        programs: Sequence[Program],
        on_event: EventHandler = lambda program, procedure, message: None,
        on_end: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self.frames = frames
        self._programs = {program.number: program for program in programs}
        self._on_event = on_event
        self._on_end = on_end
        self._mutex = threading.Lock()
        self._serials = itertools.count(1)
        self._waiting: dict[int, Waiting] = {}
        self._lost: str | None = None
        self._reader = threading.Thread(target=self._read, name="virtloom-client", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether the daemon is still there, as far as is known."""
        return self._lost is None

    def close(self) -> None:
        """Let go of the socket; whoever waits learns of it."""
        self.frames.shut()
        self._reader.join(JOIN)
        self.frames.close()

    def begin(self, program: Program, procedure: Procedure, args: tuple[Any, ...], fds: Sequence[int] = ()) -> Waiting:
        """Send a call; its reply and its stream arrive at what is returned.

        :raises VirtError: INVALID_ARG if the arguments are not the procedure's.
        :raises ConnectionLost: if the daemon is gone.
        """
        serial = next(self._serials)
        try:
            frame = pack_call(program, procedure, serial, args, len(fds))
        except XdrError as error:
            raise VirtError(ErrorCode.INVALID_ARG, str(error)) from error
        waiting = Waiting(Header(program.number, program.version, procedure.number, 0, serial, 0))
        with self._mutex:
            if self._lost is not None:
                raise ConnectionLost(self._lost)
            self._waiting[serial] = waiting
        self.frames.send_frame(frame, fds)
        return waiting

    def end(self, waiting: Waiting) -> None:
        """Nothing more is expected for a call; what still comes is dropped."""
        with self._mutex:
            self._waiting.pop(waiting.header.serial, None)
        for received in waiting.rest():
            close_all(received.fds)

    def call(
        self,
        program: Program,
        procedure: Procedure,
        args: tuple[Any, ...],
        fds: Sequence[int] = (),
        deadline: float = DEADLINE,
    ) -> tuple[Any, list[int]]:
        """Call and wait: the return struct (None if there is none), and the descriptors that came with it.

        :raises VirtError: the daemon's error.
        :raises DeadlineMissed: if no reply came within `deadline` seconds.
        """
        waiting = self.begin(program, procedure, args, fds)
        try:
            frame, received = waiting.next(deadline)
        finally:
            self.end(waiting)
        return decode_reply(procedure, frame), received

    # The reader's thread.

    def _read(self) -> None:
        try:
            while True:
                self._take(self.frames.recv_frame(None))
        except ConnectionLost as error:
            reason = str(error)
        with self._mutex:
            self._lost = reason
            waiting, self._waiting = list(self._waiting.values()), {}
        for one in waiting:
            one.end(reason)
        self._on_end(reason)

    def _take(self, received: Received) -> None:
        header = received.frame.header
        if header.prog == keepalive.PROGRAM.number:
            if header.proc == PING:
                self.frames.send_frame(pack(header._replace(proc=PONG)))
        elif header.type == MessageType.MESSAGE:
            self._take_event(received.frame)
        elif self._hand_over(received):
            return
        close_all(received.fds)

    def _hand_over(self, received: Received) -> bool:
        """Give a frame to the call that it belongs to; False if nobody waits for it any more."""
        with self._mutex:
            waiting = self._waiting.get(received.frame.header.serial)
            if waiting is not None:
                waiting.put(received)
        return waiting is not None

    def _take_event(self, frame: Frame) -> None:
        program = self._programs.get(frame.header.prog)
        procedure = program.find(frame.header.proc) if program is not None else None
        if program is None or procedure is None or procedure.message is None:
            return
        try:
            message = procedure.message.decode(frame.payload)
        except XdrError as error:
            log.warning("an event %s cannot be read: %s", procedure.snake, error)
            return
        self._on_event(program, procedure, message)


def decode_reply(procedure: Procedure, frame: Frame) -> Any:
    """A reply's struct; None if the procedure returns nothing.

    :raises VirtError: the error that the reply is.
    :raises ConnectionLost: if it is not what the procedure returns.
    """
    if frame.header.status == Status.ERROR:
        raise decode_error(frame)
    if procedure.ret is None:
        return None
    try:
        return procedure.ret.decode(frame.payload)
    except XdrError as error:
        raise ConnectionLost(f"the daemon broke the protocol: {error}") from error


def decode_error(frame: Frame) -> VirtError:
    """The error that a frame carries, with the daemon's own sentence.

    :raises ConnectionLost: if it carries none.
    """
    try:
        error = message_error.decode(frame.payload)
    except XdrError as problem:
        raise ConnectionLost(f"the daemon broke the protocol: {problem}") from problem
    code = ErrorCode(error.code) if error.code in set(ErrorCode) else ErrorCode.INTERNAL_ERROR
    domain = ErrorDomain(error.domain) if error.domain in set(ErrorDomain) else ErrorDomain.NONE
    made = VirtError(code, error.message or "the daemon gave no reason", domain, verbatim=True)
    made.str1, made.str2, made.str3, made.int1, made.int2 = error.str1, error.str2, error.str3, error.int1, error.int2
    return made
