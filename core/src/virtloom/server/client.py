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
from typing import TYPE_CHECKING, Any

from virtloom.driver.context import Identity
from virtloom.locks import Level
from virtloom.server import keepalive
from virtloom.server.deadlines import Vigil
from virtloom.server.dispatch import Answer
from virtloom.server.lanes import Call, Calls, Lane
from virtloom.server.phases import RULES, Phase
from virtloom.server.reader import READ, WRITE
from virtloom.server.receiving import Receiver
from virtloom.server.sending import Credit, SendQueue, close_all
from virtloom.server.streams import ClientStream
from virtloom.server.streamtable import StreamTable
from virtloom.wire.frames import Frame, FramingError, pack_message
from virtloom.wire.message import MessageType
from virtloom.wire.programs import Procedure, Program
from virtloom.xdr import XdrError

if TYPE_CHECKING:
    from virtloom.server.server import Server

log = logging.getLogger(__name__)

READABLE = select.EPOLLIN
HANGUP = select.EPOLLRDHUP
GONE_EVENTS = select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP
RESUME_AT = 0.5  # of what a client's queues hold: read on only then, not at each call
ANONYMOUS, GONE = Phase.ANONYMOUS, Phase.GONE
_new = tuple.__new__  # a named tuple without the call of its constructor
LINGER = 5.0  # seconds that a leaving client has to read its last reply
CALL = int(MessageType.CALL)
CALLS = frozenset({CALL, MessageType.CALL_WITH_FDS})
STREAMS = frozenset({MessageType.STREAM, MessageType.STREAM_HOLE})


class Client:
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
        self._armed = READ
        self.streams = StreamTable(self, self._lock, server)
        self.session = server.make_session(self)

    def __repr__(self) -> str:
        return f"<client {self.id} of {self._server.name}, {self._phase.value}>"

    @property
    def anonymous(self) -> bool:
        """Whether it has not authenticated."""
        return self._phase is Phase.ANONYMOUS

    def _enter(self, phase: Phase) -> None:
        assert phase in self._rules.next, f"{self} cannot become {phase.value}"
        self._phase, self._rules = phase, RULES[phase]

    # The reader's thread: what comes from the client.

    def begin(self) -> None:
        """Begin to read."""
        self._enter_if_authenticated()
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

    def drop(self, reason: str, level: int = logging.INFO) -> None:
        """End it now. Idempotent; on the reader's thread (`kill` is for others)."""
        with self._lock:
            if self._phase is Phase.GONE:
                return
            self._enter(Phase.GONE)
            waiting = self._calls.clear()
            self._out.clear()
            release = self._released = self._calls.running == 0
        log.log(level, "client %d of %s (%s): closed: %s", self.id, self._server.name, self._whose(), reason)
        self._vigil.end()
        self._reader.unwatch(self._fd)
        self._sock.close()
        self._receiver.close()
        for call in waiting:
            close_all(call.fds)
        self.streams.cut()
        self._server.left(self)
        if release:
            self._server.workers.submit(self._release)

    def _ask(self) -> None:
        self.send(keepalive.PING_FRAME)

    def _give_up(self, reason: str) -> None:
        self.drop(reason, logging.WARNING)

    def _whose(self) -> str:
        who = self.identity
        return f"{who.process or 'a process'} {who.pid or '?'} of {who.user or who.uid}"

    # A worker's thread: calls.

    def _work(self, lane: Lane) -> None:
        call = self._first(lane)
        while call is not None:
            begun = time.monotonic()
            answer = self._server.dispatcher.serve(self, call)
            call.route.took(time.monotonic() - begun)
            call = self._finish(lane, answer, call.route.urgent)

    def _first(self, lane: Lane) -> Call | None:
        with self._lock:
            if lane.queue:
                return self._calls.pop(lane)
            lane.running -= 1
            release = self._last_call_ended()
        self.attend()
        if release:
            self._release()
        return None

    def _finish(self, lane: Lane, answer: Answer | None, urgent: bool | None = None) -> Call | None:
        """Send an answer; the lane's next call if this thread is to serve it.

        :param urgent: which kind of calls this thread serves; None if it serves no other. The lane goes to the end of
            the workers' queue if its next call is of another kind or others wait for a worker.
        """
        if self._phase is ANONYMOUS:
            self._enter_if_authenticated()
        stays = urgent is not None and not self._server.workers.crowded()
        following = broken = None
        with self._lock:
            sends, takes = self._rules.sends, self._rules.takes
            if answer is not None and sends:
                broken = self._put(*answer)
            more = bool(lane.queue) and not self._blocked()
            if more and stays and lane.urgent == urgent:
                following = self._calls.pop(lane)
            elif not more:
                lane.running -= 1
            look = self._paused or not takes
            release = self._phase is GONE and self._last_call_ended()
        if answer is not None and not sends:
            close_all(answer[1])
        if broken is not None:
            self.kill(f"writing failed: {broken}")
        if following is not None:
            return following
        if more:
            self._server.workers.submit(lane.work, lane.urgent)
        if look:
            self.attend()
        if release:
            self._release()
        return None

    def _enter_if_authenticated(self) -> None:
        if not self.session.authenticated:
            return
        with self._lock:
            entered = self._phase is Phase.ANONYMOUS
            if entered:
                self._enter(Phase.SERVED)
        if entered:
            self._server.authenticated(self)

    def _release(self) -> None:
        try:
            self.session.close()
        except Exception:
            log.exception("client %d of %s: its session did not close", self.id, self._server.name)

    # Any thread: sending, and the api's `ClientPort`.

    def send(self, frame: bytes, fds: Any = ()) -> bool:
        """Queue a frame and write what goes out at once; False if the client has gone."""
        with self._lock:
            sends = self._rules.sends
            broken = self._put(frame, fds) if sends else None
        if not sends:
            close_all(fds)
        elif broken is not None:
            self.kill(f"writing failed: {broken}")
        return sends

    def send_piece(self, stream: ClientStream, frame: bytes, credit: Credit) -> bool:
        """Queue a frame of a stream; False if the stream has ended or the client has gone."""
        with self._lock:
            sends = self._rules.sends and self.streams.has(stream)
            broken = self._put(frame, credit=credit) if sends else None
        if broken is not None:
            self.kill(f"writing failed: {broken}")
        return sends

    def _put(self, frame: bytes, fds: Any = (), credit: Credit | None = None, event: bool = False) -> OSError | None:
        """Under the lock: write or queue; what is wrong with the connection, if something is."""
        try:
            if not self._out.put(frame, fds, credit, event):
                self._rearm()
        except OSError as error:
            return error
        return None

    def _flush_out(self) -> OSError | None:
        """Under the lock: write what goes out now."""
        try:
            self._out.flush()
            self._rearm()
        except OSError as error:
            return error
        return None

    def send_event(self, program: Program, procedure: Procedure, message: tuple[Any, ...]) -> bool:
        """Queue an event; False if it was dropped, because the client does not read or has gone."""
        try:
            frame = pack_message(program, procedure, message)
        except XdrError:
            log.exception("the event %s cannot be sent", procedure.name)
            return False
        limits = self._limits
        broken = None
        with self._lock:
            if not self._rules.sends:
                return False
            full = self._out.events >= limits.event_queue or self._blocked()
            self._lost = self._lost + 1 if full else 0
            first, doomed = self._lost == 1, self._lost == limits.max_lost_events
            if not full:
                broken = self._put(frame, event=True)
        if broken is not None:
            self.kill(f"writing failed: {broken}")
        elif first:
            told = "client %d of %s (%s): it does not read and loses events; 'virtloom events' has them"
            log.warning(told, self.id, self._server.name, self._whose())
        elif doomed:
            self.kill(f"it does not read: {limits.max_lost_events} events in a row were lost", logging.WARNING)
        return not full

    def start_keepalive(self) -> None:
        """See `ClientPort.start_keepalive`."""
        self._reader.soon(self._vigil.start_keepalive)

    def close_after_reply(self) -> None:
        """Take no further call, and close when what runs was answered and the answers were written."""
        with self._lock:
            if not self._rules.takes:
                return
            self._enter(Phase.LEAVING)
            waiting = self._calls.clear()
            self._rearm()
        for call in waiting:
            close_all(call.fds)
        self._reader.soon(self._linger)
        self.attend()

    def _linger(self) -> None:
        self._reader.at(time.monotonic() + LINGER, self._lingered)

    def _lingered(self) -> None:
        if self._calls.running:
            self._linger()
        else:
            self.drop("it does not read its last reply")

    def kill(self, reason: str, level: int = logging.INFO) -> None:
        """End it as soon as the reader gets to it."""
        self._reader.soon(lambda: self.drop(reason, level))

    # Under the lock.

    def _blocked(self) -> bool:
        """Whether it has so many replies to read that it is served no further."""
        return self._out.size > self._limits.send_queue_bytes

    def _load(self) -> float:
        """How full its queues are; from 1 on it is not read from."""
        limits = self._limits
        return max(
            self._calls.load(),
            self._out.size / limits.send_queue_bytes,
            self.streams.held / limits.stream_window,
        )

    def _last_call_ended(self) -> bool:
        """Whether the session is to be closed now, by this thread."""
        if self._phase is not Phase.GONE or self._released or self._calls.running:
            return False
        self._released = True
        return True

    def _rearm(self) -> None:
        events = READ if self._rules.takes and not self._paused else HANGUP
        if self._out:
            events |= WRITE
        if events != self._armed:
            self._armed = events
            self._reader.rearm(self._fd, events)

    # After something was used up.

    def attend(self) -> None:
        """Go on with what had to wait: reading, serving, leaving, releasing."""
        with self._lock:
            resume = self._paused and self._rules.takes and self._load() <= RESUME_AT
            if resume:
                self._paused = False
                self._rearm()
            begun = [] if self._blocked() else self._calls.begin()
            departs = self._phase is Phase.LEAVING and self._calls.running == 0 and not self._out
        if resume:
            self._reader.soon(self._vigil.resume)
        for lane, urgent in begun:
            self._server.workers.submit(lane.work, urgent)
        if departs:
            self.kill("it said goodbye" if self._server.serving else "the daemon stops")
