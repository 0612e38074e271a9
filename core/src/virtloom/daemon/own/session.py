"""A client of the administration socket: libvirt's admin program, and ours (`wire.own`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from virtloom.api.failures import as_virt_error
from virtloom.api.ports import Reply
from virtloom.errors import ErrorDomain
from virtloom.locks import LockManager
from virtloom.server.admin.session import AdminSession
from virtloom.wire.own import PROGRAM
from virtloom.wire.programs import Procedure, Program

Report = Callable[..., Any]  # takes the fields of the procedure's argument struct


class OwnSession:
    """One client (it is the server's `Session`).

    :param admin: answers the admin program.
    :param reports: what answers each procedure of ours, by its name.
    :param locks: names the calls, so that they are counted and what they hold can be seen.
    """

    authenticated = True

    def __init__(self, admin: AdminSession, reports: Mapping[str, Report], locks: LockManager) -> None:
        self._admin = admin
        self._reports = reports
        self._calling = locks.calling

    def call(self, program: Program, procedure: Procedure, args: tuple[Any, ...], fds: Sequence[int] = ()) -> Reply:
        """Answer a call.

        :raises VirtError: whatever went wrong, with its domain set.
        """
        with self._calling(procedure.api, f"admin {self._admin.port.id}"):
            if program is not PROGRAM:
                return self._admin.call(program, procedure, args, fds)
            try:
                return Reply((json.dumps(self._reports[procedure.snake](*args)),))
            except Exception as error:
                raise as_virt_error(error, ErrorDomain.ADMIN) from error

    def kept(self, procedure: Procedure, payload: bytes) -> bytes | None:
        """None: each answer is made."""
        return None

    def close(self) -> None:
        """See `AdminSession.close`."""
        self._admin.close()
