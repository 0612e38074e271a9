"""One client's streams: which there are, how many there may be, and how their frames reach them.

A download that was sent to its end stays known by its header alone until the client confirms it, since some clients
never do; it holds nothing and counts for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtloom.driver.streams import Stream
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Lock
from virtloom.server.clients.sending import Credit
from virtloom.server.streams import ClientStream, StreamKey, key_of
from virtloom.server.workers import Task
from virtloom.wire.frames import Frame, pack_stream
from virtloom.wire.message import Header, Status

if TYPE_CHECKING:
    from virtloom.server.clients.client import Client
    from virtloom.server.server import Server


class StreamTable:
    """The streams of a client (it is their `StreamHost`).

    :param lock: the client's lock, which guards the table.
    :ivar held: bytes that the client sent and no sink has used yet.
    """

    def __init__(self, client: Client, lock: Lock, server: Server) -> None:
        self._client = client
        self._lock = lock
        self._server = server
        self._limits = server.limits
        self._open: dict[StreamKey, ClientStream] = {}
        self._drained: dict[StreamKey, Header] = {}
        self._claimed = 0
        self.held = 0

    def claim(self) -> None:
        """Make room for one more stream.

        :raises VirtError: RESOURCE_BUSY if there are as many as may be, of the client or in all.
        """
        with self._lock:
            room = self._claimed < self._limits.client_streams
            self._claimed += room
        if room and self._server.stream_budget.claim():
            return
        if room:
            self._unclaim()
        raise VirtError(
            ErrorCode.RESOURCE_BUSY,
            "too many streams are open",
            ErrorDomain.STREAMS,
            hint="finish or abort some, or raise client_streams or max_streams in the [server] section",
        )

    def release(self) -> None:
        """Give the room back."""
        self._unclaim()
        self._server.stream_budget.release()

    def _unclaim(self) -> None:
        with self._lock:
            self._claimed -= 1

    def open(self, call: Header, stream: Stream, sparse: bool, reply: bytes) -> None:
        """Add a stream for which there is room, answer its call, and begin it."""
        window = self._limits.stream_window
        added = ClientStream(self, self._lock, call, stream, sparse, window)
        with self._lock:
            former = self._open.get(added.key)
            self._open[added.key] = added
            self._drained.pop(added.key, None)
        if former is not None:
            # A client that uses a call's number again has lost interest in the former.
            former.cut()
            self.release()
        if self._client.send(reply):
            added.start()
        elif self.forget_stream(added):
            added.cut()

    def deliver(self, frame: Frame) -> None:
        """Hand a frame of the client's to its stream; frames of unknown streams are dropped, as libvirt does."""
        key = key_of(frame.header)
        stream = self._open.get(key)
        if stream is not None:
            stream.deliver(frame)
        elif frame.header.status != Status.CONTINUE:
            self.confirm(key)

    def cut(self) -> None:
        """The client has gone: end all streams."""
        with self._lock:
            streams = list(self._open.values())
            self._open.clear()
            self._drained.clear()
        for stream in streams:
            stream.cut()
            self.release()

    # What the streams ask of it (`StreamHost`).

    def send_stream(self, stream: ClientStream, frame: bytes, credit: Credit) -> bool:
        """See `StreamHost.send_stream`."""
        return self._client.send_piece(stream, frame, credit)

    def has(self, stream: ClientStream) -> bool:
        """Whether a stream is open still. Under the client's lock."""
        return self._open.get(stream.key) is stream

    def send(self, frame: bytes) -> bool:
        """See `StreamHost.send`."""
        return self._client.send(frame)

    def forget_stream(self, stream: ClientStream) -> bool:
        """See `StreamHost.forget_stream`."""
        with self._lock:
            known = self.has(stream)
            if known:
                del self._open[stream.key]
        if known:
            self.release()
        return known

    def confirm(self, key: StreamKey) -> None:
        """See `StreamHost.confirm`."""
        with self._lock:
            drained = self._drained.pop(key, None)
        if drained is not None:
            self.send(pack_stream(drained, b"", Status.OK))

    def stream_drained(self, stream: ClientStream) -> None:
        """See `StreamHost.stream_drained`."""
        with self._lock:
            if not self.has(stream):
                return
            del self._open[stream.key]
            self._drained[stream.key] = stream.call
            if len(self._drained) > self._limits.client_streams:
                self._drained.pop(next(iter(self._drained)))
        self.release()

    def stream_took(self, size: int) -> None:
        """See `StreamHost.stream_took`."""
        with self._lock:
            self.held -= size
        self._client.attend()

    def run(self, task: Task) -> None:
        """See `StreamHost.run`."""
        self._server.stream_threads.submit(task)
