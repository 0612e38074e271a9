"""One client's connection: the bracket around each of its calls.

Guarantees: whatever a call raises leaves as one VirtError with its domain set; a call never runs for a client that may
not make it; `close` releases everything that the client held, once.
Assumes: the server calls `call` from its workers, several at a time only where it lets calls overtake one another.
Remaining race: a call that runs while the session closes ends as it would have; what it registers to be undone at the
close is then undone at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Literal, NamedTuple

from virtloom.api import bridge, derived
from virtloom.api.access import check_readonly
from virtloom.api.builtin import BUILTINS, FALLBACKS
from virtloom.api.failures import as_virt_error
from virtloom.api.ports import ClientPort, Reply
from virtloom.api.routes import PUBLIC_DOMAINS, kind_of
from virtloom.api.subscriptions import Subscriptions
from virtloom.driver.base import Driver, HypervisorDriver
from virtloom.driver.context import CallContext, Identity, current
from virtloom.driver.events import EventFamily, EventSource
from virtloom.driver.interception import InterceptedCall, ReplyCut
from virtloom.driver.kinds import DriverKind
from virtloom.driver.loading.registry import DriverRegistry
from virtloom.driver.settled import Answers
from virtloom.driver.streams import Stream
from virtloom.driver.uri import URI
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, no_support
from virtloom.locks import Level, LockManager, calling
from virtloom.wire.programs import Procedure, Program

log = logging.getLogger(__name__)

CONNECT_RO = 1  # VIR_CONNECT_RO

EVENT_KINDS = {
    EventFamily.DOMAIN: DriverKind.HYPERVISOR,
    EventFamily.QEMU_MONITOR: DriverKind.HYPERVISOR,
    EventFamily.NETWORK: DriverKind.NETWORK,
    EventFamily.STORAGE_POOL: DriverKind.STORAGE,
    EventFamily.NODE_DEVICE: DriverKind.NODE_DEVICE,
    EventFamily.SECRET: DriverKind.SECRET,
}

Handler = Callable[[tuple[Any, ...]], Any]
_new = tuple.__new__  # a named tuple without the call of its constructor


class Known(NamedTuple):
    """What is kept of a procedure that was called: who answers it, and what need not be made again for each call.

    :ivar bracket: around each call that brings no descriptors.
    :ivar answers: where its answers are kept, if they are.
    """

    handler: Handler
    domain: ErrorDomain
    bracket: calling
    answers: Answers | None


class Session:
    """What one client may reach, from its first call to its end.

    :param port: the client's socket, as far as the api knows it.
    :param drivers: the daemon's drivers.
    :param locks: the api's lock manager.
    """

    def __init__(self, port: ClientPort, drivers: DriverRegistry, locks: LockManager) -> None:
        self.port = port
        self.authenticated = False
        self.close_callback = False
        self._lock = lock = locks.lock("session", Level.LEAF)
        self.subscriptions = Subscriptions(port, lock, self._listen, self._last_event)
        self._registry = drivers
        self._checker = locks.checker
        self._uri: URI | None = None
        self._readonly = port.readonly
        self._identity: Identity | None = None
        self._hypervisor: HypervisorDriver | None = None
        self._drivers: Mapping[DriverKind, Driver] = {}
        self._serving: HypervisorDriver | None = None  # the one of them whose connection this is
        self._sources: tuple[EventSource, ...] = ()
        self._known: dict[Procedure, Known] = {}
        self._undo: dict[Hashable, Callable[[], None]] = {}
        self._closed = False

    # What a driver may know of the connection (driver.context.ConnectionInfo).

    @property
    def number(self) -> int:
        """The client's number."""
        return self.port.id

    @property
    def uri(self) -> URI:
        """The URI that was opened.

        :raises VirtError: INTERNAL_ERROR before that.
        """
        if self._uri is None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, "hypervisor connection not open", ErrorDomain.THREAD)
        return self._uri

    @property
    def readonly(self) -> bool:
        """Whether it may only look: because of its socket, or because it asked for no more."""
        return self._readonly

    @property
    def identity(self) -> Identity:
        """Who is at the other end, or on whose behalf it said that it speaks."""
        return self._identity or self.port.identity

    def on_close(self, key: Hashable, action: Callable[[], None]) -> None:
        """See `ConnectionInfo.on_close`."""
        with self._lock:
            if not self._closed:
                self._undo[key] = action
                return
        action()

    def cancel_on_close(self, key: Hashable) -> None:
        """See `ConnectionInfo.cancel_on_close`."""
        with self._lock:
            self._undo.pop(key, None)

    # What the builtin procedures do.

    def require_open(self) -> Literal[True]:
        """Refuse a call that needs a connection before there is one.

        :raises VirtError: INTERNAL_ERROR.
        """
        _ = self.uri
        return True

    def open(self, name: str | None, flags: int) -> None:
        """Choose the drivers for a URI (`virConnectOpen`).

        :param name: the URI; None or "" stands for the first hypervisor that can run.
        :raises VirtError: INTERNAL_ERROR if a connection is open, NO_CONNECT if no driver serves the URI.
        """
        if self._uri is not None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, "connection already open", ErrorDomain.REMOTE)
        uri = URI.parse(name or self._registry.default_uri())
        self._hypervisor, self._drivers = self._registry.open(uri)
        serving = self._drivers.get(DriverKind.HYPERVISOR)
        self._serving = serving if isinstance(serving, HypervisorDriver) else None
        self._readonly = self._readonly or bool(flags & CONNECT_RO)
        sources = {id(d.events): d.events for d in self._drivers.values() if d.events is not None}
        self._sources = tuple(sources.values())
        self._uri = uri

    def _listen(self) -> None:
        for source in self._sources:
            source.add_listener(self.subscriptions.deliver)

    def _last_event(self) -> int:
        return max((source.sequence for source in self._sources), default=0)

    def set_identity(self, params: Sequence[Any]) -> None:
        """On whose behalf a trusted client speaks (`virConnectSetIdentity`); only root may say so."""
        if self.port.identity.uid != 0:
            raise VirtError(ErrorCode.OPERATION_DENIED, "only root may speak for somebody else")
        given = {param.name: param.value for param in bridge.from_wire(params)}
        self._identity = self.port.identity._replace(
            user=str(given.get("user-name", "")), process=str(given.get("process-name", ""))
        )

    def driver_supports_feature(self, feature: int) -> bool:
        """What the hypervisor driver says about a feature; nothing before the connection is open.

        :raises VirtError: INTERNAL_ERROR before the connection is open.
        """
        self.require_open()
        return feature in self._drivers[DriverKind.HYPERVISOR].features

    def events_of(self, family: EventFamily) -> EventSource:
        """Where the events of a family come from on this connection.

        :raises VirtError: NO_SUPPORT if no driver of it emits any.
        """
        self.require_open()
        driver = self._drivers.get(EVENT_KINDS[family])
        if driver is None or driver.events is None:
            raise no_support(current().api)
        if family is EventFamily.QEMU_MONITOR and not driver.tells_monitors:
            raise no_support(current().api)
        return driver.events

    # The bracket.

    def call(self, program: Program, procedure: Procedure, args: tuple[Any, ...], fds: Sequence[int] = ()) -> Reply:
        """Answer one call.

        :param args: the fields of the procedure's argument struct; () if it has none.
        :param fds: descriptors that came with it.
        :raises VirtError: whatever went wrong, with its domain set.
        """
        domain = ErrorDomain.RPC
        known = self._known.get(procedure)
        bracket = self._bracket(procedure, fds) if known is None or fds else known.bracket
        stream = Stream() if procedure.stream is not None else None
        try:
            with bracket:
                if known is None:
                    known = self._learn(procedure)
                handler, domain, _, answers = known
                keep = None if answers is None or self._readonly else answers.keeper()
                if self._readonly:
                    check_readonly(procedure, args)
                if stream is not None:
                    args = (*args, stream)
                interceptor = None if self._serving is None else self._serving.interceptor
                if interceptor is None:
                    value = handler(args)
                else:
                    keep = None
                    value = interceptor(InterceptedCall(procedure.snake, args), lambda: handler(args))
        except ReplyCut as cut:
            if stream is not None:
                stream.discard()
            return Reply(cut.value, cut=cut.keep)
        except Exception as error:
            if stream is not None:
                stream.discard()
            raise as_virt_error(error, domain) from error
        if procedure.replies_with_fds:
            return Reply(None, value)
        return _new(Reply, (value, (), stream, None, keep))

    def kept(self, procedure: Procedure, payload: bytes) -> bytes | None:
        """The bytes of the good answer to a call, if they are known and still hold; the call is then over.

        What a read-only client may have is looked at each time, and an interceptor sees each call.
        """
        try:
            known = self._known[procedure]
        except KeyError:
            return None
        if known.answers is None or self._readonly:
            return None
        if self._serving is not None and self._serving.interceptor is not None:
            return None
        body = known.answers.find(payload)
        if body is not None:
            known.bracket.count()
        return body

    def _bracket(self, procedure: Procedure, fds: Sequence[int] = ()) -> calling:
        return calling(call=CallContext(procedure.api, self, fds), checker=self._checker)

    def _learn(self, procedure: Procedure) -> Known:
        handler, domain, answers = self._resolve(procedure)
        known = Known(handler, domain, self._bracket(procedure), answers)
        if self._uri is not None:
            self._known[procedure] = known
        return known

    def _resolve(self, procedure: Procedure) -> tuple[Handler, ErrorDomain, Answers | None]:
        """Who answers a procedure on this connection: the daemon, the driver's method, or what derives from another."""
        name = procedure.snake
        if (builtin := BUILTINS.get(name)) is not None:
            return lambda args: builtin(self, args), ErrorDomain.RPC, None
        self.require_open()
        kind = kind_of(name)
        driver = self._drivers.get(kind)
        method = None if driver is None else getattr(driver, name, None) or derived.derive(driver, name)
        if driver is not None and method is not None:
            answers = None if driver.settled is None else driver.settled.answers(method, name)
            return bridge.bind(procedure, method, driver.param_counts.get(name)), driver.error_domain, answers
        if (fallback := FALLBACKS.get(name)) is not None:
            return lambda args: fallback(self, args), ErrorDomain.RPC, None
        error = no_support(procedure.api)
        error.domain = PUBLIC_DOMAINS[kind]
        raise error

    def close(self) -> None:
        """Release everything that the client held: registrations, guests that were to go with it. Idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            undo, self._undo = list(self._undo.values()), {}
        with ExitStack() as stack:
            if (hypervisor := self._hypervisor) is not None:
                stack.callback(self._guarded, lambda: hypervisor.close(self._drivers))
            for source in self._sources:
                stack.callback(source.remove_listener, self.subscriptions.deliver)
            stack.callback(self.subscriptions.clear)
            for action in undo:
                stack.callback(self._guarded, action)

    def _guarded(self, action: Callable[[], Any]) -> None:
        try:
            with calling("virConnectClose", str(self.port.id), self._checker):
                action()
        except Exception:
            log.exception("client %d: releasing what it held failed", self.port.id)
