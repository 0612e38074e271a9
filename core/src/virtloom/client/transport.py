"""The socket, its reader's thread, and who waits for which reply.

Guarantees: every wait has a deadline; replies find their callers by serial, so that calls of several threads may be
under way at once; a ping is answered at once, whatever else is going on.
Locks: one mutex guards the table of waiting calls and the order of what is sent; nothing else is done under it.
"""

from __future__ import annotations

import array
import itertools
import os
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.wire import keepalive
from virtloom.wire.frames import Frame, FrameReader, FramingError, pack, pack_call
from virtloom.wire.message import FDS_MAX, Header, MessageType, Status, message_error
from virtloom.wire.programs import Procedure, Program

DEADLINE = 30.0  # seconds that a call waits unless told otherwise
PING, PONG = 1, 2
ROOM = 1 << 18  # bytes of one read


class ConnectionLost(Exception):
    """The daemon closed the connection, or broke the protocol."""


class DeadlineMissed(Exception):
    """No reply came in time. The call may still have its effect."""


class Waiting:
    """A call under way, or its stream: frames arrive in a queue; None is the end of the connection."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.frames: queue.SimpleQueue[tuple[Frame, list[int]] | None] = queue.SimpleQueue()

    def next(self, deadline: float) -> tuple[Frame, list[int]]:
        """The next frame, with its descriptors.

        :param deadline: seconds to wait for it.
        :raises DeadlineMissed: if none came.
        :raises ConnectionLost: if none can come any more.
        """
        try:
            item = self.frames.get(timeout=deadline)
        except queue.Empty:
            raise DeadlineMissed(f"no answer from the daemon within {deadline:g} s") from None
        if item is None:
            self.frames.put(None)
            raise ConnectionLost("the daemon closed the connection")
        return item


EventHandler = Callable[[Program, Procedure, Any], None]


class Transport:
    """One connected socket.

    :param sock: a connected unix socket.
    :param programs: the programs whose events are understood.
    :param on_event: called on the reader's thread with each event's message.
    """

    def __init__(self, sock: socket.socket, programs: Sequence[Program], on_event: EventHandler | None = None) -> None:
        self._sock = sock
        self._programs = {program.number: program for program in programs}
        self._on_event = on_event
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
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._reader.join(5)
        self._sock.close()

    def send(self, frame: bytes, fds: Sequence[int] = ()) -> None:
        """Send a frame whole, and a zero byte with each descriptor.

        :raises ConnectionLost: if the daemon is gone.
        """
        with self._mutex:
            try:
                self._sock.sendall(frame)
                for fd in fds:
                    self._sock.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
            except OSError as error:
                raise ConnectionLost(f"the daemon is gone: {error}") from error

    def begin(self, program: Program, procedure: Procedure, args: tuple[Any, ...], fds: Sequence[int] = ()) -> Waiting:
        """Send a call; its reply and its stream arrive at what is returned.

        :raises virtloom.xdr.EncodeError: if the arguments are not the procedure's.
        """
        serial = next(self._serials)
        frame = pack_call(program, procedure, serial, args, len(fds))
        waiting = Waiting(Header(program.number, program.version, procedure.number, 0, serial, 0))
        with self._mutex:
            if self._lost is not None:
                raise ConnectionLost(self._lost)
            self._waiting[serial] = waiting
        self.send(frame, fds)
        return waiting

    def end(self, waiting: Waiting) -> None:
        """Nothing more is expected for a call; what still comes is dropped."""
        with self._mutex:
            self._waiting.pop(waiting.header.serial, None)

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
        reader = FrameReader()
        fds: list[int] = []
        reason = "the daemon closed the connection"
        try:
            while data := self._receive(fds):
                for frame in reader.feed(data):
                    own, fds = fds[: frame.nfds], fds[frame.nfds :]
                    self._take(frame, own)
        except (OSError, FramingError, VirtError) as error:
            reason = f"the connection broke: {error}"
        for fd in fds:
            os.close(fd)
        with self._mutex:
            self._lost = reason
            waiting, self._waiting = list(self._waiting.values()), {}
        for one in waiting:
            one.frames.put(None)

    def _receive(self, fds: list[int]) -> bytes:
        data, ancillary, _, _ = self._sock.recvmsg(ROOM, socket.CMSG_SPACE(4 * FDS_MAX), socket.MSG_CMSG_CLOEXEC)
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                received = array.array("i")
                received.frombytes(payload[: len(payload) // 4 * 4])
                fds += received
        return data

    def _take(self, frame: Frame, fds: list[int]) -> None:
        header = frame.header
        if header.prog == keepalive.PROGRAM.number:
            if header.proc == PING:
                self.send(pack(header._replace(proc=PONG)))
        elif header.type == MessageType.MESSAGE:
            self._take_event(frame)
        else:
            with self._mutex:
                waiting = self._waiting.get(header.serial)
            if waiting is not None:
                waiting.frames.put((frame, fds))
                return
        for fd in fds:
            os.close(fd)

    def _take_event(self, frame: Frame) -> None:
        program = self._programs.get(frame.header.prog)
        procedure = program.find(frame.header.proc) if program is not None else None
        if program is None or procedure is None or procedure.message is None or self._on_event is None:
            return
        self._on_event(program, procedure, procedure.message.decode(frame.payload))


def decode_reply(procedure: Procedure, frame: Frame) -> Any:
    """A reply's struct; None if the procedure returns nothing.

    :raises VirtError: the error that the reply is.
    """
    if frame.header.status == Status.ERROR:
        raise decode_error(frame)
    return procedure.ret.decode(frame.payload) if procedure.ret is not None else None


def decode_error(frame: Frame) -> VirtError:
    """The error that a frame carries, with the daemon's own sentence."""
    error = message_error.decode(frame.payload)
    code = ErrorCode(error.code) if error.code in set(ErrorCode) else ErrorCode.INTERNAL_ERROR
    domain = ErrorDomain(error.domain) if error.domain in set(ErrorDomain) else ErrorDomain.NONE
    made = VirtError(code, error.message or "the daemon gave no reason", domain, verbatim=True)
    made.str1, made.str2, made.str3, made.int1, made.int2 = error.str1, error.str2, error.str3, error.int1, error.int2
    return made


def connect_socket(path: Path, deadline: float = DEADLINE) -> socket.socket:
    """A socket connected to a daemon's path.

    :raises ConnectionLost: if nobody answers there, with what to do about it.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(deadline)
    try:
        sock.connect(str(path))
    except OSError as error:
        sock.close()
        raise ConnectionLost(
            f"no daemon answers at {path}: {error.strerror or error}; is virtloomd running?"
        ) from error
    sock.settimeout(None)
    return sock
