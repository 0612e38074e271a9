"""A connection: every procedure by name, with typed results.

`connection.domain_lookup_by_name("test")` sends that procedure with those arguments and returns the protocol's return
struct; arguments may be given by their names on the wire too. Nothing is written by hand for any procedure: the tables
in `virtloom.wire` know them all.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from virtloom.client.streams import ClientStream
from virtloom.client.transport import DEADLINE, Transport, connect_socket, decode_reply
from virtloom.errors import ErrorCode, VirtError
from virtloom.wire import lxc, qemu, remote
from virtloom.wire.programs import Procedure, Program

PROGRAMS = (remote.PROGRAM, qemu.PROGRAM, lxc.PROGRAM)
KEEPALIVE = 10  # VIR_DRV_FEATURE_PROGRAM_KEEPALIVE
EventListener = Callable[[str, Any], None]


class Connection:
    """An open connection, or a socket on which one can be opened.

    :param path: the daemon's socket.
    :param programs: the programs to speak; the first one is asked when a name is in several.
    :param deadline: seconds that each call waits.
    """

    def __init__(self, path: Path, programs: Sequence[Program] = PROGRAMS, deadline: float = DEADLINE) -> None:
        self.deadline = deadline
        self._programs = programs
        self._mutex = threading.Lock()
        self._listeners: tuple[EventListener, ...] = ()
        self.transport = Transport(connect_socket(path, deadline), programs, self._deliver)

    def open(self, uri: str = "", *, readonly: bool = False, keepalive: bool = False) -> Self:
        """Authenticate and open a URI; "" opens the daemon's default.

        :param keepalive: whether the daemon may ask whether we are still here.
        """
        self.call("auth_list")
        if keepalive:
            self.call("connect_supports_feature", KEEPALIVE)
        self.call("connect_open", uri, int(readonly))
        return self

    def find(self, name: str) -> tuple[Program, Procedure]:
        """The program and the procedure of a name.

        :raises VirtError: INVALID_ARG if there is none.
        """
        for program in self._programs:
            try:
                return program, program.by_name(name)
            except KeyError:
                continue
        raise VirtError(ErrorCode.INVALID_ARG, f"there is no procedure '{name}'")

    def call(self, name: str, *args: Any, **named: Any) -> Any:
        """Call a procedure; its return struct, or None.

        :raises VirtError: the daemon's error.
        """
        program, procedure = self.find(name)
        value, fds = self.transport.call(program, procedure, arguments(procedure, args, named), (), self.deadline)
        for fd in fds:
            os.close(fd)
        return value

    def call_with_fds(self, name: str, *args: Any, fds: Sequence[int] = ()) -> tuple[Any, list[int]]:
        """Call a procedure with descriptors; its return struct, and the descriptors that came with it."""
        program, procedure = self.find(name)
        return self.transport.call(program, procedure, arguments(procedure, args, {}), fds, self.deadline)

    def stream(self, name: str, *args: Any, **named: Any) -> tuple[Any, ClientStream]:
        """Call a procedure that has a stream; its return struct, and the stream."""
        program, procedure = self.find(name)
        waiting = self.transport.begin(program, procedure, arguments(procedure, args, named))
        frame, _ = waiting.next(self.deadline)
        try:
            value = decode_reply(procedure, frame)
        except VirtError:
            self.transport.end(waiting)
            raise
        return value, ClientStream(self.transport, waiting)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        self.find(name)
        return partial(self.call, name)

    def on_event(self, listener: EventListener) -> None:
        """Call a function, on the reader's thread, with each event's name and message."""
        with self._mutex:
            self._listeners = (*self._listeners, listener)

    def _deliver(self, program: Program, procedure: Procedure, message: Any) -> None:
        for listener in self._listeners:
            listener(procedure.snake, message)

    def close(self) -> None:
        """Say goodbye and let go of the socket."""
        self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def arguments(procedure: Procedure, args: Sequence[Any], named: dict[str, Any]) -> tuple[Any, ...]:
    """A procedure's arguments in the wire's order.

    :raises VirtError: INVALID_ARG for too many, too few or unknown ones, naming those that it takes.
    """
    names = () if procedure.args is None else procedure.args.field_names
    given = dict(zip(names, args, strict=False)) | named
    if len(args) > len(names) or given.keys() != set(names) or len(given) != len(args) + len(named):
        raise VirtError(ErrorCode.INVALID_ARG, f"{procedure.snake} takes ({', '.join(names)})")
    return tuple(given[name] for name in names)


def connect(
    uri: str = "", *, path: Path | None = None, readonly: bool = False, deadline: float = DEADLINE
) -> Connection:
    """Connect and open.

    :param uri: a URI as libvirt's clients write it; its query may name the socket (`?socket=PATH`).
    :param path: the daemon's socket, if the URI does not name it.
    :raises VirtError: INVALID_ARG if neither names it; the daemon's error if it does not open.
    :raises ConnectionLost: if no daemon answers.
    """
    parts = urlsplit(uri)
    named = dict(parse_qsl(parts.query)).get("socket")
    where = Path(named) if named else path
    if where is None:
        raise VirtError(ErrorCode.INVALID_ARG, f"the URI '{uri}' names no socket; add ?socket=PATH to it")
    scheme, rest = parts.scheme, uri[len(parts.scheme) :]
    plain = scheme.partition("+")[0] + (rest.partition("?")[0] if named else rest)
    connection = Connection(where, deadline=deadline)
    try:
        return connection.open(plain, readonly=readonly)
    except BaseException:
        connection.close()
        raise
