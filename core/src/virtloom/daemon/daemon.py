"""The daemon: what it is put together from, how it starts, reloads and stops.

Guarantees: a start that fails leaves no socket and no thread behind; a stop lets calls finish, ends within its time,
and leaves guests running.
Locks: it takes none of its own; what it wires together does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from virtloom.api import contract
from virtloom.api.session import Session
from virtloom.daemon.config import Config, ConfigError, load, not_installed
from virtloom.daemon.locklog import LockLog
from virtloom.daemon.logs import Log
from virtloom.daemon.own import prometheus
from virtloom.daemon.own.answers import answers
from virtloom.daemon.own.figures import figures_report
from virtloom.daemon.own.session import OwnSession
from virtloom.daemon.own.status import drivers_report
from virtloom.daemon.own.tracing import Tracing
from virtloom.daemon.pidfile import PidFile
from virtloom.daemon.places import Places
from virtloom.daemon.settings import NEEDS_RESTART
from virtloom.driver.declaration import DriverDeclaration
from virtloom.driver.events import EventHub
from virtloom.driver.host import DriverHost, HostServices
from virtloom.driver.loading.registry import DriverRegistry
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import JobKind, LockManager, Mode, ObjectType
from virtloom.server.admin.session import AdminSession
from virtloom.server.clients.client import Client
from virtloom.server.limits import ServerLimits
from virtloom.server.listener import Listener, inherited, listen
from virtloom.server.server import Server
from virtloom.server.workers import waiting
from virtloom.wire import admin, lxc, own, qemu, remote

log = logging.getLogger(__name__)

BACKGROUND_THREADS = 8
STOP_AT_ONCE = 1.0  # seconds for ending a server whose daemon could not start
REGISTRY = ObjectType("registry", key="name")
LIBVIRT_NAMES = {"libvirt-sock": False, "libvirt-sock-ro": True}


class Daemon:
    """A virtloomd.

    :param config: its configuration.
    :param places: its folders.
    :param only: names of the drivers to load, whatever the configuration says.
    """

    def __init__(self, config: Config, places: Places, *, only: Sequence[str] = (), verbose: bool = False) -> None:
        self.config = config
        self.places = places
        self.started = time.monotonic()
        self.stopping = threading.Event()
        self.restart_after: float | None = None  # seconds after its end at which another is to take its place
        self._log = Log(config, verbose=verbose)
        self._lock_log = LockLog(Mode(config.get("locks.checking")), config.get("locks.slow_lock"))
        self.checker = self._lock_log.checker
        self.lock_managers: list[LockManager] = []
        self._locks = self._lock_manager("server")
        self._api_locks = self._lock_manager("api")
        self._admin_locks = self._lock_manager("admin")
        self.tracing = Tracing(self.checker, self._admin_locks)
        self.hub = EventHub(self._lock_manager("events"))
        self._background = ThreadPoolExecutor(BACKGROUND_THREADS, thread_name_prefix="background")
        enabled = set(only) or set(config.get("drivers.enable"))
        also = dict(pair.split("=") for pair in config.get("drivers.also"))
        self.registry = DriverRegistry(enabled or None, contract.check, config.get("drivers.disable"), waiting, also)
        self._loading = self._lock_manager("daemon", (REGISTRY,)).guard(REGISTRY, "drivers", None)
        self._services = HostServices(self.hub, waiting, self._background, self.registry.resource, self.restart)
        self.server = Server("virtloomd", _programs(), self._session, self._locks, _limits(config))
        programs = (admin.PROGRAM, own.PROGRAM)
        self.admin = Server("admin", programs, self._admin_session, self._admin_locks, _admin_limits(config))

    def _lock_manager(self, scope: str, object_types: Sequence[Any] = ()) -> LockManager:
        timeout = self.config.get("locks.job_timeout")
        made = LockManager(scope, self.checker, object_types, job_timeout=timeout, on_wait=waiting)
        self.lock_managers.append(made)
        return made

    # Start.

    def start(self, given_up: Callable[[], bool] = lambda: False) -> None:
        """Serve, and load the drivers meanwhile: who opens a connection waits for its own.

        :param given_up: whether the rest of the drivers need not be started, since it is to stop again.
        :raises VirtError: if another daemon uses the places, or a socket cannot be made.
        :raises ConfigError: if a plugin's section is wrong.
        """
        with ExitStack() as undo:
            self._pid_file = PidFile(self.places.pid_file)
            undo.callback(self._pid_file.release)
            self._lock_log.start()
            undo.callback(self._lock_log.stop)
            self.hub.start()
            undo.callback(self.hub.stop)
            undo.callback(self._background.shutdown, wait=False, cancel_futures=True)
            undo.callback(self.registry.stop)
            for server, listener in self._listeners():
                undo.callback(listener.close)
                server.add_listener(listener)
            self.registry.expect()
            undo.callback(self.server.stop, STOP_AT_ONCE)
            self.server.start()
            self._load_drivers(given_up)
            self._end_metrics = self._serve_metrics()
            self.admin.start()
            undo.pop_all()
        log.info("serving at %s with the drivers %s", self.places.socket, ", ".join(self._driver_names()) or "none")

    def _serve_metrics(self) -> Callable[[], None]:
        """Serve the figures over HTTP, where that is configured; what ends it."""
        given = self.config.get("server.metrics_listen")
        if not given:
            return lambda: None
        servers = (self.server, self.admin)
        return prometheus.serve(given, lambda: figures_report(self.lock_managers, servers, self.checker))

    def _load_drivers(self, given_up: Callable[[], bool] = lambda: False) -> None:
        """Load what is installed and does not run yet. It imports and may sleep, so it is a job, not a lock."""
        with self._loading.job(JobKind.MODIFY):
            self.registry.discover()
            self._check_driver_sections()
            self.registry.start(self._host, given_up)

    def reload_drivers(self) -> list[dict[str, Any]]:
        """Add drivers that were installed since the start, and try again those that failed; then as `get_drivers`."""
        self._load_drivers()
        return drivers_report(self.registry)

    def _driver_names(self) -> list[str]:
        return [declaration.name for declaration, _ in self.registry.running()]

    def _host(self, declared: DriverDeclaration) -> DriverHost:
        """What one plugin is given."""
        locks = self._lock_manager(declared.name, declared.object_types)
        try:
            values = self.config.driver(declared.name, declared.config)
        except ConfigError as error:
            told, hint = "; ".join(error.problems), "mend that and start virtloomd again"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, told, ErrorDomain.CONF, hint=hint) from error
        folders = self.places.of_driver(declared.name)
        return DriverHost(declared.name, locks, values, folders, self._services, declared.version)

    def _check_driver_sections(self) -> None:
        """A plugin's section is read when the plugin is there; one for a plugin that is not is told, and kept."""
        names = {status.name for status in self.registry.statuses}
        for name in sorted(set(self.config.drivers) - names):
            log.warning("%s", not_installed(name, names))

    def _listeners(self) -> list[tuple[Server, Listener]]:
        """The sockets to serve: those that the service manager passed, or our own."""
        passed = inherited()
        if passed:
            return [self._passed(name, sock) for name, sock in passed.items()]
        own = Path(self.config.get("server.unix_sock_dir") or self.places.run)
        group = self.config.get("server.unix_sock_group") or None
        backlog = self.config.get("server.max_queued_clients")
        rw, ro, adm = (int(self.config.get(f"server.unix_sock_{kind}_perms"), 8) for kind in ("rw", "ro", "admin"))
        made = [
            (self.server, listen(own / self.places.socket.name, mode=rw, group=group, backlog=backlog)),
            (
                self.server,
                listen(own / self.places.readonly_socket.name, mode=ro, group=group, readonly=True, backlog=backlog),
            ),
            (self.admin, listen(own / self.places.admin_socket.name, mode=adm)),
        ]
        if self.config.get("server.libvirt_compat"):
            for name, readonly in LIBVIRT_NAMES.items():
                path = self.places.libvirt_run / name
                mode = ro if readonly else rw
                made.append((self.server, listen(path, mode=mode, group=group, readonly=readonly, backlog=backlog)))
        return made

    def _passed(self, name: str, sock: Any) -> tuple[Server, Listener]:
        """A socket from the service manager; its name says what it is for (systemd.socket(5), FileDescriptorName)."""
        if "admin" in name:
            return self.admin, Listener(sock)
        return self.server, Listener(sock, readonly="-ro" in name or name.endswith("ro"))

    # Sessions.

    def _session(self, client: Client) -> Session:
        return Session(client, self.registry, self._api_locks)

    def _admin_session(self, client: Client) -> OwnSession:
        servers = {server.name: server for server in (self.server, self.admin)}
        return OwnSession(AdminSession(client, servers, self), answers(self), self._admin_locks)

    # What an administrator changes (server.admin.session.Control).

    def log_outputs(self) -> Sequence[str]:
        """See `Control.log_outputs`."""
        return self._log.outputs()

    def log_filters(self) -> Sequence[str]:
        """See `Control.log_filters`."""
        return self._log.filters()

    def set_log_outputs(self, outputs: Sequence[str]) -> None:
        """See `Control.set_log_outputs`."""
        self._log.set_outputs(outputs)

    def set_log_filters(self, filters: Sequence[str]) -> None:
        """See `Control.set_log_filters`."""
        self._log.set_filters(filters)

    def set_timeout(self, seconds: int) -> None:
        """A daemon of virtloom's runs until it is stopped.

        :raises VirtError: OPERATION_UNSUPPORTED, unless nothing is asked for.
        """
        if seconds:
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, "virtloomd does not end by itself when it is idle")

    def shut_down(self) -> None:
        """End, as SIGTERM does."""
        self.stopping.set()

    def restart(self, pause: float) -> None:
        """End, and be followed by another daemon in the same process (`DriverHost.restart_daemon`)."""
        self.restart_after = pause
        self.stopping.set()

    # Reload and stop.

    def reload(self) -> list[str]:
        """Read the configuration again and use what can be changed while running.

        :returns: what was done, in sentences; a file with an error changes nothing.
        """
        try:
            fresh = load(self.config.path or self.places.config)
        except ConfigError as error:
            return ["the configuration is left as it is:", *error.problems]
        changed = self.config.changed(fresh)
        later = [key for key in changed if key in NEEDS_RESTART or key.startswith("driver.")]
        self.server.reload(_limits(fresh))
        self.admin.reload(_admin_limits(fresh))
        self._lock_log.tell_slow(fresh.get("locks.slow_lock"))
        self._log.set_outputs(fresh.get("log.log_outputs").split())
        self._log.set_filters(fresh.get("log.log_filters").split())
        self.config = fresh
        told = [f"changed: {', '.join(key for key in changed if key not in later) or 'nothing'}"]
        return [*told, f"these need a restart: {', '.join(later)}"] if later else told

    def stop(self) -> None:
        """Let running calls finish and end everything; guests keep running."""
        allowed = self.config.get("server.stop_timeout")
        deadline = time.monotonic() + allowed
        self.server.stop(CALLS_SHARE * allowed)
        self.admin.stop(max(0.1, min(1.0, deadline - time.monotonic())))
        self.registry.stop()
        self._background.shutdown(wait=False, cancel_futures=True)
        self.hub.stop(max(0.1, deadline - time.monotonic()))
        self._end_metrics()
        self._lock_log.stop()
        self._pid_file.release()


CALLS_SHARE = 0.85  # of the time for a stop that running calls have; the rest is for what is ended after them


def _programs() -> tuple[Any, ...]:
    return remote.PROGRAM, qemu.PROGRAM, lxc.PROGRAM


def _limits(config: Config) -> ServerLimits:
    names = (
        "max_clients", "max_anonymous_clients", "max_queued_clients", "min_workers", "max_workers", "prio_workers",
        "max_waiting", "max_client_requests", "client_backlog", "event_queue", "keepalive_interval", "keepalive_count",
    )  # fmt: skip
    return ServerLimits(**{name: config.get(f"server.{name}") for name in names})


def _admin_limits(config: Config) -> ServerLimits:
    clients = config.get("server.admin_max_clients")
    return ServerLimits(
        max_clients=clients,
        max_anonymous_clients=0,
        min_workers=config.get("server.admin_min_workers"),
        max_workers=config.get("server.admin_max_workers"),
    )
