"""What the host gives to a plugin: everything that a driver needs of the daemon, and nothing more."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from virtloom.driver.collections import Collection
from virtloom.driver.events import EventHub, EventSource
from virtloom.driver.files.store import DefinitionStore
from virtloom.driver.kinds import DriverKind
from virtloom.locks import LockManager, ObjectType

if TYPE_CHECKING:
    from virtloom.driver.base import Driver
    from virtloom.driver.work import process

T = TypeVar("T")


AUTOSTARTED = "autostarted"  # a file that says that this boot's automatic starts were made


@dataclass(frozen=True)
class Directories:
    """The folders of one driver, laid out as libvirt lays out its own. Made by whoever first writes there.

    :ivar definitions: what is to be kept for ever (`/etc/libvirt/qemu`).
    :ivar state: images and what belongs to them (`/var/lib/libvirt/qemu`).
    :ivar runtime: sockets, pid files, what is true until the next boot (`/run/libvirt/qemu`).
    :ivar log: `/var/log/libvirt/qemu`
    :ivar cache: what can be made again (`/var/cache/libvirt/qemu`).
    """

    definitions: Path
    state: Path
    runtime: Path
    log: Path
    cache: Path


@dataclass(frozen=True)
class HostServices:
    """What all plugins share; the daemon makes it once.

    :ivar hub: delivers events.
    :ivar waiting: the worker pool's mark of a call that waits for the outside world.
    :ivar background: runs what outlives a call.
    :ivar find_driver: the driver of a kind that serves connections which do not bring their own, or None.
    :ivar restart: ends the daemon and starts another one so many seconds later.
    """

    hub: EventHub
    waiting: Callable[[str, bool], AbstractContextManager[Any]]
    background: ThreadPoolExecutor
    find_driver: Callable[[DriverKind], Driver | None]
    restart: Callable[[float], None] = lambda pause: None


class DriverHost:
    """One plugin's view of the daemon.

    :ivar name: the driver's name; :ivar version: its own.
    :ivar locks: a lock manager made from the declared object types.
    :ivar config: the plugin's section of the configuration, checked, with defaults filled in.
    :ivar dirs: its folders.
    :ivar events: where its drivers emit events that all its connections see.
    :ivar log: its logger.
    """

    def __init__(
        self,
        name: str,
        locks: LockManager,
        config: Mapping[str, Any],
        dirs: Directories,
        services: HostServices,
        version: str = "",
    ) -> None:
        self.name = name
        self.version = version
        self.locks = locks
        self.config = config
        self.dirs = dirs
        self.log = logging.getLogger(f"virtloom.driver.{name}")
        self._services = services
        self.events = self.event_source()

    def collection(self, object_type: ObjectType) -> Collection[Any]:
        """A new collection of objects of a declared type, with a driver's lock of its own."""
        return Collection(self.locks, object_type)

    def store(self, *parts: str) -> DefinitionStore:
        """The definitions kept below the driver's folder, such as `host.store("networks")`."""
        return DefinitionStore(self.dirs.definitions.joinpath(*parts))

    def first_start_of_boot(self) -> bool:
        """Whether this is the driver's first start since the host's: what is marked for it is started then alone.

        Whoever asks is told so once (libvirt: `virDriverShouldAutostart`).
        """
        marker = self.dirs.runtime / AUTOSTARTED
        if marker.exists():
            return False
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        return True

    def event_source(self) -> EventSource:
        """A source of events of its own, for drivers that keep several hosts apart."""
        return EventSource(self._services.hub, self.locks)

    def run(self, argv: Sequence[str], *, deadline: float, **options: Any) -> process.Finished:
        """Run a helper process to its end, with no lock held; see `process.run`."""
        from virtloom.driver.work import process  # and with it subprocess, which a start may do without

        with self.waiting(f"the end of {options.get('name') or argv[0]}"):
            return process.run(argv, deadline=deadline, **options)

    def waiting(self, what: str, *, must: bool = False) -> AbstractContextManager[Any]:
        """Say that the call now waits for something outside, so that another worker takes its place meanwhile.

        :param what: for what, in words; `virtloom locks --waiting` shows it.
        :param must: whether it may wait although as many calls do as may: for what ends the waits of others, such as
            destroying a guest that hangs.
        :raises VirtError: RESOURCE_BUSY on entering, when as many calls wait as may.
        """
        return self._services.waiting(what, must)

    def background(self, task: Callable[[], T]) -> Future[T]:
        """Do something after the call; what it raises is logged."""

        def logged() -> T:
            try:
                return task()
            except Exception:
                self.log.exception("a background task of %s failed", self.name)
                raise

        return self._services.background.submit(logged)

    def later(self, seconds: float, task: Callable[[], None]) -> threading.Timer:
        """Do something after a while, unless the returned timer is cancelled."""
        timer = threading.Timer(seconds, lambda: self.background(task))
        timer.daemon = True
        timer.name = f"{self.name}-timer"
        timer.start()
        return timer

    def driver(self, kind: DriverKind) -> Driver | None:
        """The driver of another kind, to be called with no lock of one's own held; None if there is none."""
        return self._services.find_driver(kind)

    def restart_daemon(self, pause: float = 0.0) -> None:
        """Let the daemon end as on SIGTERM and start anew, for drivers that play such a thing; returns at once.

        :param pause: seconds between its end and its start, in which nobody listens.
        """
        self._services.restart(pause)
