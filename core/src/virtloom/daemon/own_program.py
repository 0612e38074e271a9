"""virtloom's own program on the administration socket: what libvirt's protocol has no words for.

Declared like any other program. Answers are JSON texts, because what they tell will grow.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from virtloom.api.failures import as_virt_error
from virtloom.api.ports import Reply
from virtloom.errors import ErrorDomain
from virtloom.server.admin.session import AdminSession
from virtloom.wire.programs import Procedure, Program
from virtloom.xdr import string, struct, uint64

JSON_MAX = 16 << 20
NAME_MAX = 256

report_ret = struct("report_ret", json=string(JSON_MAX))
get_events_args = struct("get_events_args", since=uint64)
call_driver_args = struct(
    "call_driver_args", driver=string(NAME_MAX), call=string(NAME_MAX), arguments=string(JSON_MAX)
)

PROGRAM = Program(
    "VIRTLOOM",
    0x76697274,  # "virt"
    1,
    [
        Procedure(1, "GET_STATUS", "virtloomGetStatus", ret=report_ret, priority=True),
        Procedure(2, "GET_DRIVERS", "virtloomGetDrivers", ret=report_ret, priority=True),
        Procedure(3, "RELOAD_DRIVERS", "virtloomReloadDrivers", ret=report_ret),
        Procedure(4, "GET_EVENTS", "virtloomGetEvents", args=get_events_args, ret=report_ret, priority=True),
        Procedure(100, "CALL_DRIVER", "virtloomCallDriver", args=call_driver_args, ret=report_ret, priority=True),
    ],
)

Report = Callable[..., Any]  # takes the fields of the procedure's argument struct


class OwnSession:
    """A client of the administration socket: libvirt's admin program and ours.

    :param admin: answers the admin program.
    :param reports: what answers each procedure of ours, by its name.
    """

    authenticated = True

    def __init__(self, admin: AdminSession, reports: dict[str, Report]) -> None:
        self._admin = admin
        self._reports = reports

    def call(self, program: Program, procedure: Procedure, args: tuple[Any, ...], fds: Sequence[int] = ()) -> Reply:
        """Answer a call.

        :raises VirtError: whatever went wrong, with its domain set.
        """
        if program is not PROGRAM:
            return self._admin.call(program, procedure, args, fds)
        try:
            return Reply((json.dumps(self._reports[procedure.snake](*args)),))
        except Exception as error:
            raise as_virt_error(error, ErrorDomain.ADMIN) from error

    def close(self) -> None:
        """See `AdminSession.close`."""
        self._admin.close()
