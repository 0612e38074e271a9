"""The data beside a call: sources read for the client, sinks that take what it sends, both with flow control.

Guarantees: a source and a sink are each used by one thread at a time and ended exactly once, whoever ends the stream:
the client, a failure, or the connection's end. At most a window of bytes is on its way in either direction. Once a
stream was confirmed, aborted or failed, nothing of it is sent any more.
Behaviour: libvirt's `daemonClientStream`.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple, Protocol

from virtloom.api.failures import as_virt_error
from virtloom.driver.streams import Hole, Stream
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.locks import Level, Lock, LockManager
from virtloom.server.clients.sending import Credit
from virtloom.server.messages import error_frame
from virtloom.server.workers import Task
from virtloom.wire.frames import Frame, pack_hole, pack_stream
from virtloom.wire.message import STREAM_CHUNK, Header, MessageType, Status, stream_hole
from virtloom.xdr import XdrError

log = logging.getLogger(__name__)


class StreamKey(NamedTuple):
    """What tells a client's streams apart: the call that opened it."""

    program: int
    procedure: int
    serial: int


def key_of(header: Header) -> StreamKey:
    """The stream that a frame belongs to."""
    return StreamKey(header.prog, header.proc, header.serial)


class StreamHost(Protocol):
    """The client, as its streams see it.

    :ivar held: bytes that the client sent and no sink has used yet; guarded by the client's lock.
    """

    held: int

    def send_stream(self, stream: ClientStream, frame: bytes, credit: Credit) -> bool:
        """Queue a frame of a stream that is still open; False if it is not."""
        ...

    def send(self, frame: bytes) -> bool:
        """Queue any frame."""
        ...

    def forget_stream(self, stream: ClientStream) -> bool:
        """Take the stream from the client's table; False if somebody else did."""
        ...

    def confirm(self, key: StreamKey) -> None:
        """The client confirms a download that was sent to its end: say so too, once."""
        ...

    def stream_drained(self, stream: ClientStream) -> None:
        """A download was sent to its end; the client has only to confirm it."""
        ...

    def stream_took(self, size: int) -> None:
        """Bytes that the client sent were used."""
        ...

    def run(self, task: Task) -> None:
        """Run a task on a thread for streams."""
        ...


class ClientStream:
    """One stream of one client.

    :param host: its client.
    :param lock: the client's lock, which guards the inbox.
    :param call: the header of the call that opened it.
    :param stream: what the driver attached.
    :param sparse: whether the call allowed holes.
    :param window: bytes that may be on their way to the client.
    """

    def __init__(self, host: StreamHost, lock: Lock, call: Header, stream: Stream, sparse: bool, window: int) -> None:
        self.key = key_of(call)
        self.call = call
        self._host = host
        self._lock = lock
        self._ended = False
        self._source = stream.source
        self._sink = stream.sink
        self._sparse = sparse
        self._inbox: deque[tuple[Task, int]] = deque()
        self._active = False
        self._window: Credit = SimpleQueue()
        for _ in range(max(1, window // STREAM_CHUNK)):
            self._window.put(True)

    def start(self) -> None:
        """Begin to send; to be called when the call's reply was queued."""
        if self._source is not None:
            self._host.run(self._pump)

    # From the client. `deliver` and `cut` only queue; the rest runs on one stream thread at a time.

    def deliver(self, frame: Frame) -> None:
        """Take a frame of the client's."""
        header, payload = frame.header, frame.payload
        if header.type == MessageType.STREAM_HOLE:
            self._post(lambda: self._take_hole(payload))
        elif header.status == Status.CONTINUE:
            data = bytes(payload)
            self._post(lambda: self._take(data), len(data))
        elif header.status == Status.OK:
            self._post(self._finish)
        else:
            self._post(lambda: self._abort(header.status))

    def cut(self) -> None:
        """End it without a word: the client has gone, and the table knows of it no more."""
        self._end()
        if self._source is not None:
            # Not in the inbox: closing the source may be what frees a thread that is stuck in the sink.
            self._host.run(self._close_source)
        self._post(self._abort_sink)

    def _post(self, task: Task, size: int = 0) -> None:
        with self._lock:
            self._inbox.append((task, size))
            self._host.held += size
            start = not self._active
            self._active = True
        if start:
            self._host.run(self._work)

    def _work(self) -> None:
        while (item := self._next()) is not None:
            task, size = item
            try:
                task()
            except Exception as error:
                self._fail(error)
            if size:
                self._host.stream_took(size)

    def _next(self) -> tuple[Task, int] | None:
        with self._lock:
            if self._inbox:
                return self._inbox.popleft()
            self._active = False
            return None

    def _take(self, data: bytes) -> None:
        if self._ended:
            return
        if self._sink is None:
            raise VirtError(ErrorCode.RPC, "the stream takes no data", ErrorDomain.STREAMS)
        try:
            self._sink.write(data)
        except OSError as error:
            raise system_error(error, "cannot write to stream", ErrorDomain.STREAMS) from error

    def _take_hole(self, payload: Any) -> None:
        if self._ended:
            return
        if not self._sparse or self._sink is None:
            raise VirtError(ErrorCode.RPC, "Unexpected stream hole", ErrorDomain.RPC)
        try:
            length = stream_hole.decode(payload).length
        except XdrError:
            raise VirtError(ErrorCode.RPC, "Unable to decode message payload", ErrorDomain.RPC) from None
        if length < 0:
            raise VirtError(ErrorCode.INVALID_ARG, f"a hole of {length} bytes", ErrorDomain.STREAMS)
        self._sink.hole(length)

    def _finish(self) -> None:
        if not self._host.forget_stream(self):
            # The end of a download may overtake this: the client confirmed it before it was noted as sent.
            self._host.confirm(self.key)
            return
        self._end()
        self._close_source()
        sink, self._sink = self._sink, None
        try:
            if sink is not None:
                sink.finish()
        except Exception as error:
            self._host.send(self._error_frame(error))
        else:
            self._host.send(pack_stream(self.call, b"", Status.OK))

    def _abort(self, status: int) -> None:
        if not self._host.forget_stream(self):
            self._host.confirm(self.key)
            return
        self._end()
        self._close_source()
        self._abort_sink()
        if status == Status.ERROR:
            self._host.send(pack_stream(self.call, b"", Status.OK))
        else:
            refusal = VirtError(ErrorCode.RPC, f"stream aborted with unexpected status {status}", ErrorDomain.RPC)
            self._host.send(self._error_frame(refusal))

    def _end(self) -> None:
        self._ended = True
        self._window.put(False)

    def _abort_sink(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            _guarded(sink.abort)

    def _close_source(self) -> None:
        with self._lock:
            source, self._source = self._source, None
        if source is not None:
            _guarded(source.close)

    def _fail(self, error: Exception) -> None:
        if self._host.forget_stream(self):
            self._host.send(self._error_frame(error))
            self.cut()

    # To the client, on a stream thread of its own.

    def _pump(self) -> None:
        try:
            while self._window.get() and self._send_piece():
                pass
        except OSError as error:
            self._fail(system_error(error, "cannot read from stream", ErrorDomain.STREAMS))
        except Exception as error:
            self._fail(error)

    def _send_piece(self) -> bool:
        source = self._source
        if source is None:
            return False
        piece = source.read(STREAM_CHUNK)
        if isinstance(piece, Hole):
            if not self._sparse:
                raise VirtError(ErrorCode.INTERNAL_ERROR, "a hole in a stream without holes", ErrorDomain.STREAMS)
            return self._host.send_stream(self, pack_hole(self.call, piece.length), self._window)
        going_on = self._host.send_stream(self, pack_stream(self.call, piece), self._window)
        if not piece and self._sink is None and going_on:
            self._close_source()
            self._host.stream_drained(self)
        return going_on and bool(piece)

    def _error_frame(self, error: Exception) -> bytes:
        return error_frame(self.call, MessageType.STREAM, as_virt_error(error, ErrorDomain.STREAMS))


def _guarded(action: Callable[[], None]) -> None:
    try:
        action()
    except Exception:
        log.exception("ending a stream failed")


class StreamBudget:
    """How many streams there are in all, so that their threads are bounded.

    :param limit: streams at most.
    """

    def __init__(self, locks: LockManager, limit: int) -> None:
        self._lock = locks.lock("streams", Level.LEAF)
        self._limit = limit
        self._used = 0

    def resize(self, limit: int) -> None:
        """Allow more or fewer from now on."""
        with self._lock:
            self._limit = limit

    def claim(self) -> bool:
        """One more; False if there are as many as may be."""
        with self._lock:
            if self._used >= self._limit:
                return False
            self._used += 1
            return True

    def release(self) -> None:
        """One less."""
        with self._lock:
            self._used -= 1
