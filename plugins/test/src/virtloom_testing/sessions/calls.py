"""A session as it is kept: calls with their answers, the events around them, the data of their streams.

Values are what JSON and TOML can hold (`virtloom.wire.as_json`); a field of the protocol that is empty is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Value = dict[str, Any]
REMOTE = "remote"  # the program that is meant where none is named


@dataclass
class Told:
    """An event, sent by the daemon without being asked.

    :ivar event: its procedure's name; :ivar message: its fields.
    """

    event: str
    message: Value = field(default_factory=dict)
    program: str = REMOTE


@dataclass
class Piece:
    """What one side sent on a call's stream.

    :ivar by: `client` or `daemon`.
    :ivar data: bytes; :ivar hole: zeros, their number.
    :ivar end: `data`: no more comes; `finish`: it went well; `abort`: it did not; "" for what is none of them.
    :ivar error: why the daemon aborts.
    """

    by: str
    data: bytes = b""
    hole: int = 0
    end: str = ""
    error: Value | None = None


@dataclass
class Call:
    """One call of a client.

    :ivar connection: the number of the client's connection, from 1.
    :ivar name: args: the procedure and its arguments.
    :ivar reply: its result; :ivar error: what it was answered with instead; :ivar lost: the connection closed instead.
    :ivar ignore: names of arguments that a replay does not compare.
    :ivar held: how many more calls the client made before the answer came.
    :ivar meanwhile: events before the answer; :ivar afterwards: those between it and the next call's.
    :ivar stream: what both sides sent on its stream, in order.
    """

    connection: int
    name: str
    args: Value = field(default_factory=dict)
    reply: Value | None = None
    error: Value | None = None
    lost: bool = False
    program: str = REMOTE
    ignore: tuple[str, ...] = ()
    held: int = 0
    meanwhile: list[Told] = field(default_factory=list)
    afterwards: list[Told] = field(default_factory=list)
    stream: list[Piece] = field(default_factory=list)

    def compared(self, args: Value | None = None) -> Value:
        """The arguments that count: its own, or another call's without those that this one ignores."""
        given = self.args if args is None else args
        return {name: value for name, value in given.items() if name not in self.ignore}

    def asks(self, other: Call) -> bool:
        """Whether another call asks what this one, a recorded one, does."""
        same = (self.program, self.name) == (other.program, other.name)
        return same and self.compared() == self.compared(other.args)

    @property
    def uploaded(self) -> bytes:
        """The data that the client sent on its stream."""
        return b"".join(piece.data or bytes(piece.hole) for piece in self.stream if piece.by == "client")


def without_nothing(value: Any) -> Any:
    """A value without the fields that are empty, which TOML has no word for."""
    if isinstance(value, Mapping):
        return {name: without_nothing(one) for name, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [without_nothing(one) for one in value]
    return value
