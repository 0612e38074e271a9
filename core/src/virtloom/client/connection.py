"""A connection: every procedure by name, with typed results.

`connection.domain_lookup_by_name("test")` sends that procedure with those arguments and returns the protocol's return
struct; arguments may be given by their names on the wire too. Nothing is written by hand for any procedure: the tables
in `virtloom.wire` know them all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from virtloom.client.errors import ConnectionLost, DeadlineMissed
from virtloom.client.events import Event, EventListener, EventQueue, hand_over
from virtloom.client.framesocket import DEADLINE, FrameSocket, close_all
from virtloom.client.streams import ClientStream
from virtloom.client.transport import Transport, decode_reply
from virtloom.client.uri import target
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.wire import lxc, qemu, remote
from virtloom.wire.programs import Procedure, Program

PROGRAMS = (remote.PROGRAM, qemu.PROGRAM, lxc.PROGRAM)
KEEPALIVE = 10  # VIR_DRV_FEATURE_PROGRAM_KEEPALIVE
GOODBYE = 1.0  # seconds that a daemon may take to answer a goodbye
NO_AUTH, POLKIT = 0, 2  # REMOTE_AUTH_NONE, REMOTE_AUTH_POLKIT


class Connection:
    """An open connection, or a socket on which one can be opened.

    :param path: the daemon's socket.
    :param programs: the programs to speak; the first one is asked when a name is in several.
    :param deadline: seconds that each call waits.
    :raises ConnectionLost: if no daemon answers.
    """

    def __init__(self, path: Path, programs: Sequence[Program] = PROGRAMS, deadline: float = DEADLINE) -> None:
        self.deadline = deadline
        self._programs = programs
        self._open = False
        self._mutex = threading.Lock()
        self._subscribers: tuple[EventQueue, ...] = ()  # replaced whole, so that delivery needs no lock
        self.transport = Transport(FrameSocket.connect(path, deadline), programs, self._deliver, self._end_events)

    def open(self, uri: str = "", *, readonly: bool = False, keepalive: bool = False) -> Self:
        """Authenticate and open a URI; "" opens the daemon's default.

        :param keepalive: whether the daemon may ask whether we are still here.
        """
        self._authenticate()
        if keepalive:
            self.call("connect_supports_feature", KEEPALIVE)
        self.call("connect_open", uri, int(readonly))
        self._open = True
        return self

    def _authenticate(self) -> None:
        """Say who we are as the daemon asks first; it sees by itself who is at a unix socket.

        :raises VirtError: AUTH_FAILED if it asks for what we do not have.
        """
        wanted = next(iter(self.call("auth_list").types), NO_AUTH)
        if wanted == POLKIT:
            self.call("auth_polkit")
        elif wanted != NO_AUTH:
            raise VirtError(ErrorCode.AUTH_FAILED, f"unsupported authentication type {wanted}", ErrorDomain.REMOTE)

    # Calls.

    def find(self, name: str) -> tuple[Program, Procedure]:
        """The program and the procedure of a name.

        :raises VirtError: INVALID_ARG if there is none that can be called.
        """
        for program in self._programs:
            try:
                procedure = program.by_name(name)
            except KeyError:
                continue
            if procedure.event is not None:
                raise VirtError(ErrorCode.INVALID_ARG, f"'{name}' is an event; the daemon sends it")
            return program, procedure
        raise VirtError(ErrorCode.INVALID_ARG, f"there is no procedure '{name}'{self._meant(name)}")

    def _meant(self, name: str) -> str:
        """What may have been meant by a name that no program knows."""
        import difflib  # for mistakes alone

        known = [one.snake for program in self._programs for one in program.procedures if one.event is None]
        close = difflib.get_close_matches(name.lower(), known, n=1)
        return f"; did you mean {close[0]}?" if close else ""

    def call(self, name: str, *args: Any, **named: Any) -> Any:
        """Call a procedure; its return struct, or None.

        :raises VirtError: the daemon's error; INVALID_ARG for wrong arguments, before anything is sent.
        :raises DeadlineMissed: if it did not answer in time.
        :raises ConnectionLost: if it is gone.
        """
        value, fds = self._call(name, args, named, ())
        close_all(fds)
        return value

    def call_with_fds(self, name: str, *args: Any, fds: Sequence[int] = ()) -> tuple[Any, list[int]]:
        """Call a procedure with descriptors; its return struct, and the descriptors that came with it."""
        return self._call(name, args, {}, fds)

    def _call(self, name: str, args: Sequence[Any], named: dict[str, Any], fds: Sequence[int]) -> tuple[Any, list[int]]:
        program, procedure = self.find(name)
        if procedure.stream is not None:
            raise VirtError(ErrorCode.INVALID_ARG, f'{name} has a stream; use stream("{name}", ...)')
        return self.transport.call(program, procedure, arguments(procedure, args, named), fds, self.deadline)

    def stream(self, name: str, *args: Any, **named: Any) -> tuple[Any, ClientStream]:
        """Call a procedure that has a stream; its return struct, and the stream."""
        program, procedure = self.find(name)
        if procedure.stream is None:
            raise VirtError(ErrorCode.INVALID_ARG, f"{name} has no stream")
        waiting = self.transport.begin(program, procedure, arguments(procedure, args, named))
        try:
            value = decode_reply(procedure, waiting.next(self.deadline).frame)
        except BaseException:
            self.transport.end(waiting)
            raise
        return value, ClientStream(self.transport, waiting, self.deadline)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        self.find(name)
        return partial(self.call, name)

    # Events. They come once the daemon was asked for them (`connect_domain_event_callback_register_any`, ...).

    def events(self) -> EventQueue:
        """A queue of all events from now on; to be closed when it is no longer wanted."""
        subscriber = EventQueue(self._unsubscribe)
        with self._mutex:
            self._subscribers = (*self._subscribers, subscriber)
        if not self.transport.alive:
            subscriber.end("the connection has ended")
        return subscriber

    def on_event(self, listener: EventListener) -> None:
        """Call a function with each event's name and message, in order, on a thread of its own: it may call us back."""
        threading.Thread(target=hand_over, args=(self.events(), listener), name="virtloom-events", daemon=True).start()

    def _unsubscribe(self, subscriber: EventQueue) -> None:
        with self._mutex:
            self._subscribers = tuple(other for other in self._subscribers if other is not subscriber)

    def _deliver(self, program: Program, procedure: Procedure, message: Any) -> None:
        for subscriber in self._subscribers:
            subscriber.put(Event(procedure.snake, message))

    def _end_events(self, reason: str) -> None:
        for subscriber in self._subscribers:
            subscriber.end(reason)

    # The end.

    def close(self) -> None:
        """Say goodbye and let go of the socket. Calls that are under way end with `ConnectionLost`."""
        if self._open:
            self._open = False
            with suppress(VirtError, ConnectionLost, DeadlineMissed):
                program, procedure = self.find("connect_close")
                self.transport.call(program, procedure, (), (), min(GOODBYE, self.deadline))
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
    uri: str = "",
    *,
    path: Path | None = None,
    readonly: bool = False,
    keepalive: bool = False,
    deadline: float = DEADLINE,
) -> Connection:
    """Connect and open.

    :param uri: a URI as libvirt's clients write it; its query may name the socket (`?socket=PATH`).
    :param path: the daemon's socket, if the URI does not name it.
    :param keepalive: whether the daemon may ask whether we are still here.
    :param deadline: seconds that each call waits.
    :raises VirtError: INVALID_ARG if neither names the socket; the daemon's error if it does not open.
    :raises ConnectionLost: if no daemon answers.
    """
    wanted = target(uri)
    where = wanted.socket or path
    if where is None:
        raise VirtError(ErrorCode.INVALID_ARG, f"the URI '{uri}' names no socket; add ?socket=PATH to it")
    connection = Connection(where, deadline=deadline)
    try:
        return connection.open(wanted.uri, readonly=readonly, keepalive=keepalive)
    except BaseException:
        connection.close()
        raise
