"""What is behind a client of the admin socket.

Guarantees: only the user that the daemon runs as gets in, as with libvirtd.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from virtloom.api.failures import as_virt_error
from virtloom.api.ports import ClientPort, Reply
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, no_support
from virtloom.server.admin.procedures import PROCEDURES
from virtloom.wire.programs import Procedure, Program

if TYPE_CHECKING:
    from virtloom.server.server import Server


class Control(Protocol):
    """The daemon, as far as the admin program changes it."""

    def log_outputs(self) -> Sequence[str]:
        """Where the log goes, in libvirt's language ("1:stderr")."""
        ...

    def log_filters(self) -> Sequence[str]:
        """What is logged more or less finely than the rest ("1:virtloom.server")."""
        ...

    def set_log_outputs(self, outputs: Sequence[str]) -> None:
        """Send the log elsewhere; nothing stands for the default.

        :raises VirtError: INVALID_ARG; then nothing has changed.
        """
        ...

    def set_log_filters(self, filters: Sequence[str]) -> None:
        """Replace the filters.

        :raises VirtError: INVALID_ARG; then nothing has changed.
        """
        ...

    def set_timeout(self, seconds: int) -> None:
        """End the daemon when it had no client for so long; 0 keeps it."""
        ...

    def shut_down(self) -> None:
        """End the daemon, as SIGTERM does."""
        ...


class AdminSession:
    """One client of the admin program (it is the server's `Session`).

    :param servers: the daemon's servers by their names, in the order in which they are listed.
    :raises VirtError: OPERATION_DENIED for another user than the daemon's.
    """

    authenticated = True

    def __init__(self, port: ClientPort, servers: Mapping[str, Server], control: Control) -> None:
        uid, pid = port.identity.uid, port.identity.pid
        if uid != os.geteuid():
            raise VirtError(ErrorCode.OPERATION_DENIED, f"Disallowing client {pid} with uid {uid}", ErrorDomain.ADMIN)
        self.port = port
        self.control = control
        self._servers = servers

    @property
    def servers(self) -> list[Server]:
        """All servers."""
        return list(self._servers.values())

    def server(self, name: str) -> Server:
        """The server of a name.

        :raises VirtError: NO_SERVER.
        """
        found = self._servers.get(name)
        if found is None:
            raise VirtError(ErrorCode.NO_SERVER, f"No server named '{name}'", ErrorDomain.RPC)
        return found

    def call(self, program: Program, procedure: Procedure, args: tuple[Any, ...], fds: Sequence[int] = ()) -> Reply:
        """Answer a call from the table.

        :raises VirtError: whatever went wrong, with its domain set.
        """
        handler: Callable[..., tuple[Any, ...] | None] | None = PROCEDURES.get(procedure.snake)
        try:
            if handler is None:
                raise no_support(procedure.api)
            return Reply(handler(self, *args))
        except Exception as error:
            raise as_virt_error(error, ErrorDomain.ADMIN) from error

    def kept(self, procedure: Procedure, payload: bytes) -> bytes | None:
        """None: each answer is made."""
        return None

    def close(self) -> None:
        """Nothing is held."""
