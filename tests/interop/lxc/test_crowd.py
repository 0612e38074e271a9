"""Many containers at once: started and destroyed from many clients in parallel, with nothing left over."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from containers import busybox_root, container_xml, leftovers, links, script, unique
from daemons import Daemon, needs
from virtloom.client import Connection, connect

Define = Callable[..., Any]
Job = Callable[[Connection], object]
CLIENTS, CROWD = 16, 50
ACTIVE = 1  # VIR_CONNECT_LIST_DOMAINS_ACTIVE


MEETING = """#!/bin/sh
: >"{place}/$$"
tries=0
while [ "$(ls "{place}" | wc -l)" -lt {number} ]; do
  tries=$((tries+1)); [ $tries -lt 150 ] || exit 1
  sleep 0.1
done
exec {tool} "$@"
"""


@pytest.fixture
def daemon(scratch: Path) -> Iterator[Daemon]:
    """A daemon whose lxc-start waits until as many starts are under way as there are clients: one after the other
    they would all fail."""
    place, programs = scratch / "meeting", scratch / "programs"
    place.mkdir()
    programs.mkdir()
    wrapper = programs / "lxc-start"
    wrapper.write_text(MEETING.format(place=place, number=CLIENTS, tool=needs("lxc-start", "lxc")))
    wrapper.chmod(0o755)
    running = Daemon(scratch, env={"PATH": f"{programs}:{os.environ['PATH']}"})
    yield running
    log = running.stop()
    assert "LockViolation" not in log, log


@pytest.fixture
def connections(daemon: Daemon) -> Iterator[list[Connection]]:
    """A connection for each client."""
    with ExitStack() as stack:
        yield [stack.enter_context(connect(daemon.uri("lxc", "/system"))) for _ in range(CLIENTS)]


@pytest.fixture
def bridge() -> Iterator[str]:
    ip, name = needs("ip", "iproute2"), unique("bw")
    subprocess.run([ip, "link", "add", name, "type", "bridge"], check=True, timeout=10)
    yield name
    subprocess.run([ip, "link", "del", name], check=True, timeout=10)


@pytest.fixture
def root(scratch: Path) -> Path:
    """A root that all containers share: none of them writes there. One kind of init hears no signal."""
    made = busybox_root(scratch / "shared")
    script(made, "exec sleep 1000")
    script(made, "trap '' TERM HUP INT QUIT USR1 USR2 PWR; while true; do sleep 1000; done", "deaf")
    return made


@pytest.fixture
def define(connections: list[Connection], root: Path, bridge: str) -> Iterator[Define]:
    """Defines containers of a stem, all on one bridge; in the end nothing may be left of them."""
    stem, before, made = unique("w"), links(), list[str]()
    card = f"<interface type='bridge'><source bridge='{bridge}'/></interface>"

    def make(connection: Connection, label: object, init: str = "/bin/init") -> Any:
        name = f"{stem}x{label}"
        made.append(name)
        return connection.domain_define_xml(container_xml(name, root, init, devices=card)).dom

    yield make
    for name in domains(connections[0], ACTIVE):
        connections[0].domain_destroy(connections[0].domain_lookup_by_name(name).dom)
    assert [one for name in made for one in leftovers(name, root)] == []
    assert {link for link in links() - before if link.startswith("vnet")} == set()


def domains(connection: Connection, flags: int = 0) -> dict[str, int]:
    """The ids of all domains by their names."""
    return {dom.name: dom.id for dom in connection.connect_list_all_domains(1, flags).domains}


def at_once(connections: list[Connection], jobs: list[Job]) -> None:
    """Share jobs among the clients, each of which does one after the other; raises the first failure."""

    def serve(number: int) -> None:
        for job in jobs[number :: len(connections)]:
            job(connections[number])

    with ThreadPoolExecutor(len(connections)) as pool:
        list(pool.map(serve, range(len(connections))))


def start(define: Define, label: object) -> Job:
    return lambda connection: connection.domain_create(define(connection, label))


def end(name: str) -> Job:
    def act(connection: Connection) -> None:
        dom = connection.domain_lookup_by_name(name).dom
        connection.domain_destroy(dom)
        connection.domain_undefine(dom)

    return act


def test_fifty_are_started_and_destroyed_by_sixteen_clients_at_once(
    connections: list[Connection], define: Define
) -> None:
    at_once(connections, [start(define, number) for number in range(CROWD)])
    running = domains(connections[0], ACTIVE)
    assert len(running) == len(set(running.values())) == CROWD
    at_once(connections, [end(name) for name in running])
    assert domains(connections[0]) == {}


def test_one_whose_init_ignores_signals_delays_nobody(connections: list[Connection], define: Define) -> None:
    first, *others = connections

    def deaf(connection: Connection) -> None:
        connection.domain_create(define(connection, "deaf", "/bin/deaf"))

    at_once(connections, [deaf, *(start(define, number) for number in range(len(others)))])
    [name] = [name for name in domains(first) if name.endswith("deaf")]
    dom = first.domain_lookup_by_name(name).dom
    first.domain_shutdown(dom)
    at_once(others, [end(other) for other in domains(first) if other != name])
    assert set(domains(first, ACTIVE)) == {name}
    first.domain_destroy(dom)
    first.domain_undefine(dom)
    assert domains(first) == {}
