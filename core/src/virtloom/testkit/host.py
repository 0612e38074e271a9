"""A driver with a host of its own, as a daemon would give it: locks on `enforce`, events, folders, background work.

    with hosted(virtloom_parrot.plugin, tmp_path) as parrot:
        parrot.driver.domain_suspend(polly)
        assert [event.number for event in parrot.events()] == [0]

Leaving the block stops the driver and fails if a rule about locks was broken on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from virtloom.driver.base import Driver
from virtloom.driver.declaration import DriverDeclaration
from virtloom.driver.events import Event, EventHub
from virtloom.driver.host import Directories, DriverHost, HostServices
from virtloom.driver.kinds import DriverKind
from virtloom.driver.loading.registry import DriverRegistry
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Checker, LockManager, Mode

FindDriver = Callable[[DriverKind], Driver | None]


class HostedDriver:
    """A driver that runs.

    :ivar driver: what the plugin's second hook made.
    :ivar host: what it was given.
    :ivar checker: what was found about its locks.
    """

    def __init__(self, driver: Any, host: DriverHost, checker: Checker, hub: EventHub) -> None:
        self.driver = driver
        self.host = host
        self.checker = checker
        self._hub = hub
        self._seen: list[Event] = []
        self.listen(driver)

    def listen(self, driver: Driver) -> None:
        """Keep the events of a further driver that this one brings."""
        if driver.events is not None:
            driver.events.add_listener(self._seen.append)

    def events(self) -> list[Event]:
        """All events so far, in order."""
        assert self._hub.flush(), "events were not delivered in time"
        return list(self._seen)


@contextmanager
def hosted(
    plugin: object,
    folder: Path,
    *,
    config: dict[str, Any] | None = None,
    find_driver: FindDriver = lambda kind: None,
) -> Iterator[HostedDriver]:
    """Start a plugin's driver for the length of a block.

    :param plugin: the module with the two hooks.
    :param folder: a scratch folder; the driver's folders are made below it, and a second block with the same one finds
        what the first left there.
    :param config: keys of the driver's section that differ from their defaults.
    :param find_driver: the other drivers of the host, by kind.
    :raises VirtError: if the plugin cannot be loaded or its driver not be started.
    :raises AssertionError: at the end, if a rule about locks was broken.
    """
    checker = Checker(Mode.ENFORCE)
    hub = EventHub(LockManager("events", checker))
    background = ThreadPoolExecutor(4, thread_name_prefix="background")
    services = HostServices(hub, lambda what, must: nullcontext(), background, find_driver)
    hosts: list[DriverHost] = []

    def make_host(declared: DriverDeclaration) -> DriverHost:
        values = {key.name: key.default for key in declared.config} | (config or {})
        locks = LockManager(declared.name, checker, declared.object_types)
        own = folders(folder, declared.name)
        hosts.append(DriverHost(declared.name, locks, values, own, services, declared.version))
        return hosts[-1]

    registry = DriverRegistry()
    registry.add("under test", plugin)
    hub.start()
    try:
        registry.start(make_host)
        (status,) = registry.statuses
        if status.driver is None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"{status.name}: {status.problem}")
        yield HostedDriver(status.driver, hosts[0], checker, hub)
    finally:
        registry.stop()
        hub.stop()
        background.shutdown(wait=True, cancel_futures=True)
    assert not checker.findings, f"rules about locks were broken: {checker.findings}"


def folders(root: Path, name: str) -> Directories:
    """A driver's folders below one."""
    return Directories(*(root / part / name for part in ("etc", "lib", "run", "log", "cache")))
