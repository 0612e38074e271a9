"""Data beside a call: a download, an upload, or a console that goes both ways.

A driver's method that has a stream receives it as its last argument and attaches what to read from or write to; the
server moves the bytes afterwards, with flow control, on threads of its own. So a method returns at once, and nothing
that it attaches is ever used under a lock.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from virtloom.errors import ErrorCode, ErrorDomain, VirtError


class Hole(NamedTuple):
    """A run of zeros in a sparse stream, in bytes."""

    length: int


class Source(Protocol):
    """Where a stream's data for the client comes from. Used by one thread at a time."""

    def read(self, size: int) -> bytes | Hole:
        """The next piece, of at most `size` bytes; b"" at the end. May block until there is some, or until closed."""
        ...

    def close(self) -> None:
        """Let go of what is behind it, and wake a blocked `read`. Called exactly once, from any thread."""
        ...


class Sink(Protocol):
    """Where a stream's data from the client goes. Used by one thread at a time."""

    def write(self, data: bytes) -> None:
        """Take all of a piece; may block for as long as the far end is slow."""
        ...

    def hole(self, length: int) -> None:
        """Take a run of zeros, in bytes."""
        ...

    def finish(self) -> None:
        """The client has sent everything. What is raised here is the client's answer."""
        ...

    def abort(self) -> None:
        """The client gave up or vanished. Called instead of `finish`."""
        ...


class Stream:
    """One call's stream, as its method sees it: a place to attach a source, a sink, or both."""

    __slots__ = ("_sink", "_source")

    def __init__(self) -> None:
        self._source: Source | None = None
        self._sink: Sink | None = None

    @property
    def source(self) -> Source | None:
        """What was attached to be sent to the client."""
        return self._source

    @property
    def sink(self) -> Sink | None:
        """What was attached to take the client's data."""
        return self._sink

    def send_from(self, source: Source) -> None:
        """Send what the source yields to the client, once the call was answered."""
        if self._source is not None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, "the stream has a source already", ErrorDomain.STREAMS)
        self._source = source

    def receive_into(self, sink: Sink) -> None:
        """Hand what the client sends to the sink, once the call was answered."""
        if self._sink is not None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, "the stream has a sink already", ErrorDomain.STREAMS)
        self._sink = sink

    def discard(self) -> None:
        """Let go of what was attached: the call failed after all, or its client has gone."""
        source, self._source = self._source, None
        sink, self._sink = self._sink, None
        if source is not None:
            source.close()
        if sink is not None:
            sink.abort()


class BytesSource:
    """A source that yields bytes which are there already (a screenshot)."""

    def __init__(self, data: bytes) -> None:
        self._rest = memoryview(data)

    def read(self, size: int) -> bytes:
        """See `Source.read`."""
        piece, self._rest = self._rest[:size], self._rest[size:]
        return bytes(piece)

    def close(self) -> None:
        """See `Source.close`."""
        self._rest = memoryview(b"")
