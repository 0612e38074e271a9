"""The drivers of a daemon: found, checked, started, and looked up for a connection.

Guarantees: a plugin that fails to import, declares something wrong, clashes with another or fails to start leaves the
others as they are; why, and what to do, is kept in its `DriverStatus` for the log and for `virtloom drivers`.
Clients may come while drivers are being started: one waits for the driver that it opens and for no other (`turns`).
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import pluggy

from virtloom.driver import hookspecs
from virtloom.driver.base import Driver, HypervisorDriver
from virtloom.driver.declaration import DriverDeclaration
from virtloom.driver.host import DriverHost
from virtloom.driver.kinds import DriverKind
from virtloom.driver.loading.alone import Alone
from virtloom.driver.loading.entries import entries
from virtloom.driver.loading.turns import Turn, Turns, Waiting, not_waiting
from virtloom.driver.uri import URI
from virtloom.errors import ErrorCode, ErrorDomain, VirtError

log = logging.getLogger(__name__)
ENTRY_POINT_GROUP = "virtloom.drivers"

# The distributions that serve schemes, for those who have not installed them.
KNOWN_PACKAGES = {scheme: f"virtloom-{scheme}" for scheme in ("qemu", "lxc", "uml", "openvz", "test")}

MakeHost = Callable[[DriverDeclaration], DriverHost]


@dataclass
class DriverStatus:
    """How one plugin fares.

    :ivar entry: the entry point's name.
    :ivar origin: the distribution and its version, or the module.
    :ivar declaration: what it declared, if it got that far.
    :ivar driver: the driver, if it runs.
    :ivar problem: why it does not, and what to do.
    :ivar notes: what is odd about it though it runs.
    :ivar start: its second hook.
    :ivar turn: when it is started; over once it runs or is known not to.
    """

    entry: str
    origin: str
    declaration: DriverDeclaration | None = None
    driver: Driver | None = None
    problem: str | None = None
    notes: list[str] = field(default_factory=list)
    start: Callable[..., Any] | None = None
    turn: Turn = field(default_factory=Turn)

    @property
    def name(self) -> str:
        """The declared name, or the entry point's."""
        return self.declaration.name if self.declaration else self.entry


class DriverRegistry:
    """All plugins of a daemon.

    :param only: names of the drivers to load; None loads all that are found.
    :param without: names of drivers not to load.
    :param also: URI schemes that a driver serves beside those that it declares, each with the driver's name.
    :param check: finds what is odd about a driver's methods (the api's contract).
    :param waiting: put around a client's wait for its driver.
    """

    def __init__(
        self,
        only: Iterable[str] | None = None,
        check: Callable[[Driver], list[str]] = lambda _: [],
        without: Iterable[str] = (),
        waiting: Waiting = not_waiting,
        also: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._only = None if only is None else frozenset(only)
        self._without = frozenset(without)
        self._check = check
        self._also = also
        self._turns = Turns(waiting)
        self._discovered = False
        self.statuses: tuple[DriverStatus, ...] = ()  # replaced whole: connections open while drivers are added

    def expect(self) -> None:
        """From now on clients may come; those who come before `discover` has ended wait for that too."""
        self._turns.declaring()

    def discover(self) -> None:
        """Import every plugin that an entry point names, and let it declare itself.

        Called again, it adds what was installed meanwhile and tries again what failed; what runs is left as it is.
        """
        if self._discovered:
            importlib.invalidate_caches()
        self._discovered = True
        self.statuses = tuple(status for status in self.statuses if status.driver is not None)
        running = {status.entry for status in self.statuses}
        for entry in entries(ENTRY_POINT_GROUP):
            if entry.name not in running and self._is_wanted(entry.name):
                self._declare(entry.name, entry.origin, entry.load)
        self._turns.declared()

    def _is_wanted(self, name: str) -> bool:
        return (self._only is None or name in self._only) and name not in self._without

    def add(self, name: str, plugin: object) -> None:
        """Let a plugin declare itself that no entry point names (tests, embedding)."""
        self._declare(name, getattr(plugin, "__name__", type(plugin).__name__), lambda: plugin)

    def _declare(self, name: str, origin: str, load: Callable[[], Any]) -> None:
        status = DriverStatus(name, origin)
        self.statuses = (*self.statuses, status)
        try:
            self._hooks(status, load())
        except Exception as error:
            log.debug("plugin %s", name, exc_info=True)
            status.problem = f"it cannot be loaded: {type(error).__name__}: {error}; reinstall or remove {origin}"
            return
        if status.problem is None:
            status.problem = self._objection(status)

    def _hooks(self, status: DriverStatus, plugin: object) -> None:
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        manager.register(plugin, status.entry)
        manager.check_pending()
        declaration = manager.hook.virtloom_declare()
        if not isinstance(declaration, DriverDeclaration):
            status.problem = f"virtloom_declare() returned {declaration!r}, not a DriverDeclaration"
            return
        more = tuple(scheme for scheme, name in self._also.items() if name == declaration.name)
        status.declaration = replace(declaration, schemes=(*declaration.schemes, *more))
        status.start = manager.hook.virtloom_start

    def _objection(self, status: DriverStatus) -> str | None:
        declared = status.declaration
        assert declared is not None
        if problems := declared.problems():
            return "; ".join(problems)
        for other in self.statuses:
            theirs = other.declaration
            if other is status or theirs is None or other.problem is not None:
                continue
            both = f"{status.origin} and {other.origin}: remove one of them"
            if theirs.name == declared.name:
                return f"conflicting plugins found for the driver {declared.name!r}, provided by {both}"
            if common := set(theirs.schemes) & set(declared.schemes):
                return f"conflicting plugins found for the URI scheme {sorted(common)[0]!r}, provided by {both}"
            if declared.kind is theirs.kind is not DriverKind.HYPERVISOR:
                return f"conflicting plugins found for the {declared.kind.value} driver, provided by {both}"
        return None

    def _by_start(self) -> list[DriverStatus]:
        """Hypervisors come last: a guest that starts with the daemon needs networks, pools and secrets."""
        return sorted(
            self.statuses, key=lambda one: not (one.declaration and one.declaration.kind is not DriverKind.HYPERVISOR)
        )

    def start(self, make_host: MakeHost, given_up: Callable[[], bool] = lambda: False) -> None:
        """Start every driver that was declared well and does not run yet; failures are kept in the statuses.

        :param given_up: whether the rest need not be started, since all are to be stopped.
        """
        fresh = [status for status in self._by_start() if status.driver is None]
        for status in self._turns.taken(fresh):
            if given_up():
                return
            if status.problem is None:
                self._start(status, make_host)
            status.turn.over.set()
        for status in fresh:
            if status.problem is not None:
                log.error("driver %s is not available: %s", status.name, status.problem)
            for note in status.notes:
                log.warning("driver %s: %s", status.name, note)

    def _start(self, status: DriverStatus, make_host: MakeHost) -> None:
        assert status.declaration is not None
        assert status.start is not None
        try:
            driver = status.start(host=make_host(status.declaration))
        except VirtError as error:
            status.problem = f"it cannot run here: {error}" + (f"; {error.hint}" if error.hint else "")
            return
        except Exception as error:
            log.exception("driver %s failed to start", status.name)
            status.problem = f"it failed to start: {type(error).__name__}: {error}; the log has the traceback"
            return
        if not isinstance(driver, Driver) or driver.kind is not status.declaration.kind:
            status.problem = f"virtloom_start() returned {driver!r}, not a {status.declaration.kind.value} driver"
            return
        status.driver = driver
        status.notes += self._check(driver)

    def stop(self) -> None:
        """Stop every driver, in the reverse order of their start."""
        self._turns.declared()
        for status in reversed(self._by_start()):
            status.turn.over.set()
            driver, status.driver = status.driver, None
            if driver is None:
                continue
            try:
                driver.stop()
            except Exception:
                log.exception("driver %s failed to stop", status.name)

    def running(self) -> list[tuple[DriverDeclaration, Driver]]:
        """The drivers that run, with their declarations."""
        return [(s.declaration, s.driver) for s in self.statuses if s.declaration and s.driver]

    def resource(self, kind: DriverKind) -> Driver | None:
        """The driver of a resource kind, for connections whose hypervisor does not bring its own."""
        for declaration, driver in self.running():
            if declaration.kind is kind is not DriverKind.HYPERVISOR:
                return driver
        return None

    def administer(self, name: str, call: str, arguments: Mapping[str, Any]) -> Any:
        """What a driver answers to a call of its own administration (`HypervisorDriver.administration`).

        :param name: the driver's.
        :raises VirtError: INVALID_ARG if there is no such driver or call, and whatever the call raises.
        """
        driver = next((driver for declared, driver in self.running() if declared.name == name), None)
        calls = getattr(driver, "administration", {})
        if call not in calls:
            known = f"; it has {', '.join(sorted(calls))}" if calls else ""
            detail = f"the driver '{name}' has no administration call '{call}'{known}"
            raise VirtError(ErrorCode.INVALID_ARG, detail if driver is not None else f"no driver '{name}' is running")
        return calls[call](arguments)

    def default_uri(self) -> str:
        """What an empty URI opens: the default of the running hypervisor with the lowest rank.

        :raises VirtError: NO_CONNECT if there is none.
        """
        self._turns.await_declared()
        offered = [
            (s.declaration, s) for s in self.statuses if s.declaration is not None and s.declaration.default_uris
        ]
        for declaration, status in sorted(offered, key=lambda offer: offer[0].default_rank):
            self._turns.await_turn(status)
            if status.driver is not None:
                return declaration.default_uris[0]
        raise VirtError(
            ErrorCode.NO_CONNECT,
            "an empty URI: no hypervisor driver is available",
            ErrorDomain.NONE,
            hint="'virtloom drivers' says which drivers are there and why others are not",
        )

    def open(self, uri: URI) -> tuple[HypervisorDriver, Mapping[DriverKind, Driver]]:
        """The hypervisor driver for a URI, and the drivers that serve its new connection by kind.

        :raises VirtError: NO_CONNECT if no driver serves the scheme.
        """
        self._turns.await_declared(uri.scheme)
        for status in self.statuses:
            if status.declaration is not None and uri.scheme in status.declaration.schemes:
                self._turns.await_turn(status)
        for declaration, driver in self.running():
            if uri.scheme in declaration.schemes:
                return self._opened(uri, declaration, driver)
        raise VirtError(
            ErrorCode.NO_CONNECT,
            f"{uri}{self._why_not(uri.scheme)}",
            ErrorDomain.NONE,
            hint="'virtloom drivers' says which drivers are there and why others are not",
        )

    def _opened(
        self, uri: URI, declaration: DriverDeclaration, driver: Driver
    ) -> tuple[HypervisorDriver, Mapping[DriverKind, Driver]]:
        if not isinstance(driver, HypervisorDriver):
            alone = Alone(uri.scheme, driver)
            return alone, alone.open(uri)
        drivers = dict(driver.open(uri))
        for kind in DriverKind if declaration.shares_resources else ():
            if kind not in drivers and (resource := self.resource(kind)) is not None:
                drivers[kind] = resource
        return driver, drivers

    def _why_not(self, scheme: str) -> str:
        """Why a scheme is not served and what to do, as the end of a sentence; "" if nobody knows it."""
        for status in self.statuses:
            schemes = status.declaration.schemes if status.declaration is not None else (status.entry,)
            if scheme in schemes and status.problem is not None:
                return f": the driver {status.name} is installed ({status.origin}), but {status.problem}"
        package = KNOWN_PACKAGES.get(scheme)
        return f": its driver is not installed; pip install {package}" if package is not None else ""
