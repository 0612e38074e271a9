"""What a server needs of whatever answers a client's calls: the api's session, or the admin program's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from virtloom.api.ports import Reply
from virtloom.wire.programs import Procedure, Program


class Session(Protocol):
    """One client's session. Called from workers, several at a time only where calls may overtake one another."""

    @property
    def authenticated(self) -> bool:
        """Whether the client has said who it is."""
        ...

    def call(self, program: Program, procedure: Procedure, args: tuple[Any, ...], fds: Sequence[int] = ()) -> Reply:
        """Answer a call; see `virtloom.api.session.Session.call`."""
        ...

    def kept(self, procedure: Procedure, payload: bytes) -> bytes | None:
        """The bytes of the good answer to a call, if they are known and still hold; the call is then over."""
        ...

    def close(self) -> None:
        """Release everything. Idempotent."""
        ...
