"""What the api asks of whoever owns the client's socket, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from virtloom.driver.context import Identity
from virtloom.driver.streams import Stream
from virtloom.wire.programs import Procedure, Program


class ClientPort(Protocol):
    """One client, as a session sees it; the server implements it."""

    @property
    def id(self) -> int:
        """The client's number in this run of the daemon."""
        ...

    @property
    def readonly(self) -> bool:
        """Whether it came through the read-only socket."""
        ...

    @property
    def identity(self) -> Identity:
        """Who is at the other end."""
        ...

    def send_event(self, program: Program, procedure: Procedure, message: tuple[Any, ...]) -> bool:
        """Queue an event and return at once; False if the client's queue is full and the event was dropped."""
        ...

    def start_keepalive(self) -> None:
        """The client understands keepalive: start asking it whether it lives."""
        ...

    def close_after_reply(self) -> None:
        """Close the connection when the call's reply was written."""
        ...


class Reply(NamedTuple):
    """A call's answer.

    :ivar value: the fields of the procedure's return struct, or None if it has none.
    :ivar fds: descriptors to send with it; the server closes them when they were sent.
    :ivar stream: what goes on after the reply, if the procedure has a stream.
    :ivar cut: how many bytes of it are sent before the connection is closed; None if it is sent whole.
    :ivar keep: given the bytes of the call's arguments and of its answer, keeps that; None if it may not be kept.
    """

    value: tuple[Any, ...] | None = None
    fds: Sequence[int] = ()
    stream: Stream | None = None
    cut: int | None = None
    keep: Callable[[bytes, bytes], None] | None = None
