"""Many containers at once: started and destroyed from many clients in parallel, with nothing left over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import libvirt
import pytest

from containers import busybox_root, container_xml, leftovers, script, unique
from daemons import Daemon, eventually

CLIENTS, CROWD = 16, 50


@pytest.fixture
def connections(daemon: Daemon) -> Iterator[list[libvirt.virConnect]]:
    """A connection for each client."""
    opened = [libvirt.open(daemon.uri("lxc", "/system")) for _ in range(CLIENTS)]
    yield opened
    for one in opened:
        one.close()


class Clients:
    """Clients that do one thing after the other, all at once."""

    def __init__(self, connections: list[libvirt.virConnect]) -> None:
        self._connections = connections
        self._lock = threading.Lock()
        self._active = self.most = 0

    def each(self, names: list[str], act: Callable[[libvirt.virConnect, str], None]) -> None:
        """Do something for each name; the first failure is raised once all are done."""

        def serve(number: int) -> None:
            for name in names[number::CLIENTS]:
                with self._lock:
                    self._active += 1
                    self.most = max(self.most, self._active)
                try:
                    act(self._connections[number], name)
                finally:
                    with self._lock:
                        self._active -= 1

        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(serve, range(CLIENTS)))


@pytest.fixture
def roots(scratch: Path) -> Path:
    """A root that all containers share: none of them writes there."""
    root = busybox_root(scratch / "shared")
    script(root, "exec sleep 1000")
    return root


def test_fifty_are_started_and_destroyed_by_sixteen_clients_at_once(
    connections: list[libvirt.virConnect], roots: Path
) -> None:
    stem = unique("w")
    names = [f"{stem}x{number}" for number in range(CROWD)]
    clients = Clients(connections)

    def start(connection: libvirt.virConnect, name: str) -> None:
        connection.defineXML(container_xml(name, roots, "/bin/init")).create()

    def end(connection: libvirt.virConnect, name: str) -> None:
        guest = connection.lookupByName(name)
        guest.destroy()
        guest.undefine()

    try:
        clients.each(names, start)
        running = connections[0].listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        assert {guest.name() for guest in running} == set(names)
        assert len({guest.ID() for guest in running}) == CROWD
    finally:
        clients.each([guest.name() for guest in connections[0].listAllDomains() if guest.isActive()], end)
    assert connections[0].listAllDomains() == []
    assert [one for name in names for one in leftovers(name, roots)] == []
