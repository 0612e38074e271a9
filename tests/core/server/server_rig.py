"""A server with a program and sessions of the tests' own, and peers that speak to it through real sockets."""

from __future__ import annotations

import array
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from virtloom.api.ports import Reply
from virtloom.driver.streams import Stream
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import LockManager
from virtloom.server.clients.client import Client
from virtloom.server.limits import ServerLimits
from virtloom.server.listener import listen
from virtloom.server.server import Server
from virtloom.wire.frames import Frame, FrameReader, pack, pack_call, pack_hole, pack_stream
from virtloom.wire.message import Header, MessageType, Status, message_error
from virtloom.wire.programs import EventSpec, Procedure, Program, StreamSpec
from virtloom.xdr import string, struct, uint32

PATIENCE = 5.0  # seconds until a test gives up on something that should happen at once
SPARSE = 1

_text = struct("rig_text", text=string(1 << 20))
_flags = struct("rig_flags", flags=uint32)

PROGRAM = Program(
    "RIG",
    0x7269_6700,
    1,
    [
        Procedure(1, "LOGIN", "login", needs_auth=False, priority=True),
        Procedure(2, "ECHO", "echo", args=_text, ret=_text),
        Procedure(3, "BUSY", "busy", args=_text),
        Procedure(4, "QUICK", "quick", args=_text, ret=_text, priority=True),
        Procedure(5, "DOMAIN_ABORT_JOB", "abort", args=_text, ret=_text),
        Procedure(6, "FDS", "fds", args=_text, ret=_text, fds="any"),
        Procedure(7, "DOWNLOAD", "download", args=_flags, stream=StreamSpec("read", sparse_flag=SPARSE)),
        Procedure(8, "UPLOAD", "upload", args=_flags, stream=StreamSpec("write", sparse_flag=SPARSE)),
        Procedure(9, "CONSOLE", "console", args=_flags, stream=StreamSpec("read", both_ways=True)),
        Procedure(10, "CHANGED", "changed", message=_text, event=EventSpec("rig", 1, False)),
    ],
)
CHANGED = PROGRAM.by_name("changed")

Handler = Callable[..., Any]


def wait_until(condition: Callable[[], bool], what: str = "") -> None:
    """Look until a condition holds that nothing signals; fail when it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"it never happened: {what}"
        time.sleep(0.001)


class Gate:
    """A place where calls stand until the test opens it."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._lock = threading.Lock()
        self.inside = 0
        self.most = 0

    def pass_through(self) -> None:
        """Stand until it is open."""
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        assert self._open.wait(2 * PATIENCE)
        with self._lock:
            self.inside -= 1

    def open(self) -> None:
        """Let everybody through."""
        self._open.set()

    def wait_for(self, count: int) -> None:
        """Wait until so many stand there."""
        wait_until(lambda: self.inside >= count, f"{count} calls at the gate, there are {self.inside}")


class FakeSession:
    """What is behind a client: the rig's handlers."""

    def __init__(self, rig: Rig | None, port: Client) -> None:
        self.rig = rig
        self.port = port
        self.authenticated = False
        self.closed = 0
        self.threads: list[str] = []

    def call(self, program: Program, procedure: Procedure, args: tuple[Any, ...], fds: Sequence[int] = ()) -> Reply:
        self.threads.append(threading.current_thread().name)
        if procedure.name == "LOGIN":
            self.authenticated = True
            return Reply()
        assert self.rig is not None
        handler = self.rig.handlers[procedure.snake]
        if procedure.stream is not None:
            stream = Stream()
            handler(stream, *args)
            return Reply(None, (), stream)
        value = handler(self, *args, *([fds] if procedure.fds else []))
        return value if isinstance(value, Reply) else Reply(None if value is None else (value,))

    def kept(self, procedure: Procedure, payload: bytes) -> bytes | None:
        return None

    def close(self) -> None:
        self.closed += 1


class Refused(Exception):
    """An error reply."""

    def __init__(self, payload: bytes) -> None:
        error = message_error.decode(payload)
        self.code = ErrorCode(error.code)
        self.domain = ErrorDomain(error.domain)
        self.message = error.message
        super().__init__(self.message)


class Peer:
    """A client that does as it is told, well or badly."""

    def __init__(self, path: Path) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(path))
        self.sock.settimeout(PATIENCE)
        self._frames = FrameReader()
        self._ready: list[Frame] = []
        self._serial = 0
        self.fds: list[int] = []

    def send(self, name: str, *args: Any, fds: Sequence[int] = ()) -> int:
        """Send a call; its serial number."""
        self._serial += 1
        self.sock.sendall(pack_call(PROGRAM, PROGRAM.by_name(name), self._serial, args, len(fds)))
        for fd in fds:
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))
            self.sock.sendmsg([b"\0"], [rights])
        return self._serial

    def raw(self, *words: int, body: bytes = b"") -> None:
        """Send a frame with any header: prog, vers, proc, type, serial, status."""
        self.sock.sendall(pack(Header(*words), body))

    def receive(self) -> Frame:
        """The next frame.

        :raises EOFError: at the end of the connection.
        """
        while not self._ready:
            data, ancillary, _, _ = self.sock.recvmsg(1 << 16, socket.CMSG_SPACE(128))
            for _, _, body in ancillary:
                self.fds += array.array("i", body)
            if not data:
                raise EOFError
            self._ready += self._frames.feed(data)
        return self._ready.pop(0)

    def reply(self) -> Any:
        """The value of the next frame, which is a reply.

        :raises Refused: if it is an error.
        """
        frame = self.receive()
        assert frame.header.type in (MessageType.REPLY, MessageType.REPLY_WITH_FDS)
        if frame.header.status == Status.ERROR:
            raise Refused(frame.payload)
        procedure = PROGRAM.find(frame.header.proc)
        assert procedure is not None
        return None if procedure.ret is None else procedure.ret.decode(frame.payload)[0]

    def ask(self, name: str, *args: Any, fds: Sequence[int] = ()) -> Any:
        """Call and wait for the answer."""
        self.send(name, *args, fds=fds)
        return self.reply()

    def login(self) -> Peer:
        """Authenticate."""
        self.ask("login")
        return self

    def gone(self) -> bool:
        """Whether the server closes the connection (what it sent before is thrown away)."""
        try:
            while True:
                self.receive()
        except (EOFError, ConnectionResetError):
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        self.sock.close()


class StreamPeer:
    """A peer's view of one stream that it opened."""

    def __init__(self, peer: Peer, name: str, flags: int = 0) -> None:
        self.peer = peer
        serial = peer.send(name, flags)
        self.call = Header(PROGRAM.number, 1, PROGRAM.by_name(name).number, 0, serial, 0)
        peer.reply()

    def put(self, data: bytes) -> None:
        self.peer.sock.sendall(pack_stream(self.call, data))

    def put_hole(self, length: int) -> None:
        self.peer.sock.sendall(pack_hole(self.call, length))

    def say(self, status: int) -> None:
        """OK to finish, ERROR to abort."""
        self.peer.sock.sendall(pack_stream(self.call, b"", status))  # type: ignore[arg-type]

    def next(self) -> Frame:
        """The next frame, which belongs to this stream."""
        frame = self.peer.receive()
        assert (frame.header.proc, frame.header.serial) == (self.call.proc, self.call.serial)
        assert frame.header.type in (MessageType.STREAM, MessageType.STREAM_HOLE)
        return frame

    def answer(self) -> None:
        """The end of the stream.

        :raises Refused: if it is an error.
        """
        frame = self.next()
        if frame.header.status == Status.ERROR:
            raise Refused(frame.payload)
        assert frame.header.status == Status.OK
        assert frame.payload == b""


class Rig:
    """A server of the test program, its sessions and its peers."""

    def __init__(self, folder: Path, locks: LockManager) -> None:
        self.path = folder / "sock"
        self.locks = locks
        self.sessions: list[FakeSession] = []
        self.peers: list[Peer] = []
        self.gate = Gate()
        self.handlers: dict[str, Handler] = {
            "echo": lambda session, text: text,
            "quick": lambda session, text: text,
            "domain_abort_job": lambda session, text: text,
            "busy": lambda session, text: self.gate.pass_through(),
        }
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        """The server that was started."""
        assert self._server is not None
        return self._server

    def start(self, **limits: Any) -> Rig:
        """Serve, with limits of the test's own."""
        self._server = Server("rig", [PROGRAM], self._session, self.locks, ServerLimits(**limits))
        self._server.add_listener(listen(self.path))
        self._server.start()
        return self

    def _session(self, port: Client) -> FakeSession:
        session = FakeSession(self, port)
        self.sessions.append(session)
        return session

    def connect(self) -> Peer:
        """A new client that has not authenticated."""
        peer = Peer(self.path)
        self.peers.append(peer)
        return peer

    def login(self) -> Peer:
        """A new client that has."""
        return self.connect().login()

    def client_of(self, peer: Peer) -> Client:
        """The server's side of the peer that connected last."""
        wait_until(lambda: len(self.sessions) >= self.peers.index(peer) + 1, "the peer was accepted")
        return self.sessions[self.peers.index(peer)].port

    def stop(self) -> list[str]:
        self.gate.open()
        for peer in self.peers:
            peer.close()
        return [] if self._server is None else self._server.stop()


def text_of(event: Frame) -> str:
    """The text of a CHANGED event."""
    return str(_text.decode(event.payload).text)


def open_descriptors() -> set[int]:
    """The descriptors of this process."""
    return {int(name) for name in os.listdir("/proc/self/fd")}


def refused(code: ErrorCode, domain: ErrorDomain, text: str) -> VirtError:
    """An error for a handler to raise."""
    return VirtError(code, text, domain)
