"""The call that the current thread works on, as far as a driver may know it.

Bound by the api for the length of one call and to its thread. A driver asks for it only where the client matters: who
it is, whether it may only read, and what to undo when it goes (a guest to be destroyed with its creator).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, Protocol, Self

from virtloom.driver.uri import URI
from virtloom.locks import Call, current_call


class Identity(NamedTuple):
    """Who is at the other end of a client's socket.

    :ivar uid: gid, pid: of the peer process, from SO_PEERCRED (unix(7)); None where the transport has none.
    :ivar user: group, process: names for people, "" where unknown.
    """

    uid: int | None = None
    gid: int | None = None
    pid: int | None = None
    user: str = ""
    group: str = ""
    process: str = ""


class ConnectionInfo(Protocol):
    """The connection that a call came through."""

    @property
    def number(self) -> int:
        """A number of its own in this run of the daemon."""
        ...

    @property
    def uri(self) -> URI:
        """The URI that it opened."""
        ...

    @property
    def readonly(self) -> bool:
        """Whether it may only read."""
        ...

    @property
    def identity(self) -> Identity:
        """Who is at the other end."""
        ...

    def on_close(self, key: Hashable, action: Callable[[], None]) -> None:
        """Run an action when the connection ends; a later one with the same key replaces it."""
        ...

    def cancel_on_close(self, key: Hashable) -> None:
        """Forget the action with that key."""
        ...


class CallContext(Call):
    """One call, as the locks know it and what a driver may want to know besides.

    :ivar api: the public function's name, `virDomainCreate`.
    :ivar connection: where it came through.
    :ivar fds: descriptors that came with it; they are closed when the call ends, so a driver duplicates what it keeps.
    """

    api: str  # of a client's call it is never None
    connection: ConnectionInfo
    fds: Sequence[int]

    def __new__(cls, api: str, connection: ConnectionInfo, fds: Sequence[int] = ()) -> Self:
        made = super().__new__(cls, api, str(connection.number))
        made.connection = connection
        made.fds = fds
        return made


def current() -> CallContext:
    """The call of this thread.

    :raises LookupError: outside a call (a background task has no client).
    """
    call = current_call()
    if not isinstance(call, CallContext):
        raise LookupError("no call is being served by this thread")
    return call
