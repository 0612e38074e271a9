"""One client: its socket, what it sends, what waits to be sent to it, and its calls.

Guarantees: its calls are begun in order, at most as many at once as may be; frames go out whole and in order; it costs
bounded memory, whatever it sends and whether it reads or not; its end releases everything exactly once, after the last
call that runs for it.
Threads: `on_ready`, `drop` and the methods they call are the reader's alone; everything else runs on any thread.
Locks: the client's lock guards phase, lanes, send queue and streams; no driver is ever called under it.
"""

from __future__ import annotations

import logging
import select
import socket
import time
from typing import TYPE_CHECKING

from virtloom.driver.context import Identity
from virtloom.locks import Level
from virtloom.server.clients import keepalive
from virtloom.server.clients.answering import Answering
from virtloom.server.clients.deadlines import Vigil
from virtloom.server.clients.lanes import Call, Calls
from virtloom.server.clients.phases import RULES, Phase
from virtloom.server.clients.receiving import Receiver
from virtloom.server.clients.sending import SendQueue, close_all
from virtloom.server.clients.streamtable import StreamTable
from virtloom.server.reader import WRITE
from virtloom.wire.frames import Frame, FramingError
from virtloom.wire.message import MessageType

if TYPE_CHECKING:
    from virtloom.server.server import Server

log = logging.getLogger(__name__)

READABLE = select.EPOLLIN
GONE_EVENTS = select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP
_new = tuple.__new__  # a named tuple without the call of its constructor
CALL = int(MessageType.CALL)
CALLS = frozenset({CALL, MessageType.CALL_WITH_FDS})
STREAMS = frozenset({MessageType.STREAM, MessageType.STREAM_HOLE})


class Client(Answering):
    """One client (it is the api's `ClientPort`).

    :param sock: its socket, not blocking.
    :param id: its number in this run of the daemon.
    """

    def __init__(self, server: Server, sock: socket.socket, id: int, readonly: bool, identity: Identity) -> None:
        limits = server.limits
        self.id = id
        self.readonly = readonly
        self.identity = identity
        self.connected_at = time.time()
        self._server = server
        self._reader = server.reader
        self._limits = limits
        self._sock = sock
        self._fd = sock.fileno()
        self._lock = server.locks.lock("client", Level.CLIENT, str(id), noted=False)
        self._receiver = Receiver(sock, limits.max_message)
        self._vigil = Vigil(self._reader, limits, self._ask, self._give_up)
        # Under the lock.
        self._phase = Phase.ANONYMOUS
        self._rules = RULES[self._phase]
        self._out = SendQueue(sock)
        self._calls = Calls(limits, self._work)
        self._lost = 0
        self._paused = False
        self._released = False
        self._armed = None
        self.streams = StreamTable(self, self._lock, server)
        self.session = server.make_session(self)

    # The reader's thread: what comes from the client.

    def begin(self) -> None:
        """Begin to read."""
        self._enter_if_authenticated()
        with self._lock:
            self._armed = self._events()
            self._reader.watch(self._fd, self.on_ready, self._armed)
        self._vigil.begin()

    def on_ready(self, events: int) -> None:
        """The socket is readable, writable or broken (epoll(7))."""
        try:
            if events & WRITE:
                self._flush()
            if events & READABLE:
                self._read()
            elif events & GONE_EVENTS:
                self.drop("it closed the connection")
        except Exception:
            log.exception("client %d of %s: what it sent could not be taken", self.id, self._server.name)
            self.drop("an internal error", logging.ERROR)

    def _read(self) -> None:
        try:
            received = self._receiver.receive()
        except FramingError as error:
            return self.drop(f"it does not speak the protocol: {error}", logging.WARNING)
        except OSError as error:
            return self.drop(f"reading failed: {error}")
        if received is None:
            return self.drop("it closed the connection")
        self._vigil.heard(bool(received), self._receiver.partial)
        if len(received) == 1 and self._serve_here(received[0]):
            return None
        try:
            for frame in received:
                self._take(frame)
        except FramingError as error:
            return self.drop(f"it does not speak the protocol: {error}", logging.WARNING)
        with self._lock:
            pause = not self._paused and self._load() >= 1
            if pause:
                self._paused = True
                self._rearm()
        if pause:
            self._vigil.pause()
        return None

    def _take(self, frame: Frame) -> None:
        header = frame.header
        if header.prog == keepalive.PROGRAM and header.type == MessageType.MESSAGE:
            if header.proc == keepalive.PING and header.vers == keepalive.VERSION:
                self.send(keepalive.PONG_FRAME)
        elif header.type in CALLS:
            fds = self._receiver.take(frame.nfds) if frame.nfds else ()
            self._queue(Call(header, frame.payload, self._server.dispatcher.find(header), fds))
        elif header.type in STREAMS:
            self.streams.deliver(frame)
        else:
            log.debug("client %d: dropped a frame of type %d", self.id, header.type)

    def _serve_here(self, frame: Frame) -> bool:
        """Serve a call on this thread if that is quick and the client has no other; whether it was done.

        Nothing of the reader's may be touched after it: another thread may be the reader by then.
        """
        header, payload, _ = frame
        if header.type != CALL or not self._reader.lends:
            return False
        route = self._server.dispatcher.find(header)
        if not route.quick:
            return False
        lane = self._calls.begin_alone(route)
        if lane is None:
            return False
        if not self._rules.takes or self._blocked():  # looked at after the lane was begun: who ends us now sees it
            self._finish(lane, None)
            return False
        call = _new(Call, (header, payload, route, ()))
        route.streak += 1  # it will be quick, or told to be late
        term = self._reader.begin_call(call)
        try:
            self._finish(lane, self._server.dispatcher.serve(self, call))
        except Exception:
            log.exception("client %d of %s: a call was not ended", self.id, self._server.name)
            self.kill("an internal error", logging.ERROR)
        finally:
            term.end_call()
        return True

    def _queue(self, call: Call) -> None:
        with self._lock:
            taken = self._rules.takes
            if taken:
                lane = self._calls.add(call)
                begun = not self._blocked() and lane.begin()
                urgent = lane.urgent
        if not taken:
            close_all(call.fds)
        elif begun:
            self._server.workers.submit(lane.work, urgent)

    def _flush(self) -> None:
        with self._lock:
            if self._phase is Phase.GONE:
                return
            broken = self._flush_out()
        if broken is not None:
            self.drop(f"writing failed: {broken}")
        else:
            self.attend()

    # How it is asked whether it is still there.

    def start_keepalive(self) -> None:
        """See `ClientPort.start_keepalive`."""
        self._reader.soon(self._vigil.start_keepalive)

    def _ask(self) -> None:
        self.send(keepalive.PING_FRAME)

    def _give_up(self, reason: str) -> None:
        self.drop(reason, logging.WARNING)
