"""Clients may come while drivers are being started; whose turn it is follows what they wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from virtloom.driver import API_VERSION, DriverDeclaration, DriverKind, HypervisorDriver, NetworkDriver, hookimpl
from virtloom.driver.loading import turns
from virtloom.driver.loading.registry import DriverRegistry
from virtloom.driver.uri import URI
from virtloom.errors import ErrorCode, VirtError

DEADLINE = 20.0  # seconds

Start = Callable[[], object]


def declared(name: str, kind: DriverKind = DriverKind.HYPERVISOR, **more: Any) -> DriverDeclaration:
    schemes = (name,) if kind is DriverKind.HYPERVISOR else ()
    return DriverDeclaration(name, "1", API_VERSION, kind, schemes, default_uris=(f"{name}:///system",), **more)


def plugin(declaration: DriverDeclaration, start: Start) -> object:
    @hookimpl
    def virtloom_declare() -> DriverDeclaration:
        return declaration

    @hookimpl
    def virtloom_start(host: Any) -> object:
        return start()

    return SimpleNamespace(virtloom_declare=virtloom_declare, virtloom_start=virtloom_start)


def make_host(declaration: DriverDeclaration) -> Any:
    return SimpleNamespace(name=declaration.name)


class Network(NetworkDriver):
    pass


class Parrot(HypervisorDriver):
    pass


def test_a_client_gets_its_driver_while_others_have_not_started_yet() -> None:
    registry = DriverRegistry()
    registry._turns.await_declared("played")  # what its opening does first
    opened = threading.Event()

    def held_up() -> object:
        assert opened.wait(DEADLINE)
        return Network()

    registry.add("network", plugin(declared("network", DriverKind.NETWORK), held_up))
    registry.add("played", plugin(declared("played", shares_resources=False), Parrot))
    with ThreadPoolExecutor() as pool:
        starting = pool.submit(registry.start, make_host)
        assert isinstance(registry.open(URI.parse("played:///system"))[0], Parrot)
        opened.set()
        starting.result(DEADLINE)
    assert len(registry.running()) == 2


def test_a_hypervisor_starts_after_the_networks_also_if_it_is_waited_for() -> None:
    registry = DriverRegistry()
    order: list[str] = []

    def start(name: str, driver: object) -> Start:
        return lambda: order.append(name) or driver  # type: ignore[func-returns-value]

    registry.add("other", plugin(declared("other"), start("other", Parrot())))
    registry.add("parrot", plugin(declared("parrot"), start("parrot", Parrot())))
    registry.add("network", plugin(declared("network", DriverKind.NETWORK), start("network", Network())))
    registry._turns.await_declared("parrot")
    registry.start(make_host)
    assert order == ["network", "parrot", "other"]


def test_a_client_that_comes_before_it_is_known_which_drivers_there_are_waits_for_that() -> None:
    registry = DriverRegistry()
    registry.expect()
    with ThreadPoolExecutor() as pool:
        client = pool.submit(registry.open, URI.parse("parrot:///system"))
        unnamed = pool.submit(registry.default_uri)
        registry.add("parrot", plugin(declared("parrot"), Parrot))
        registry._turns.declared()  # as discover ends
        registry.start(make_host)
        assert isinstance(client.result(DEADLINE)[0], Parrot)
        assert unnamed.result(DEADLINE) == "parrot:///system"


def test_a_driver_that_fails_to_start_keeps_no_client_waiting() -> None:
    registry = DriverRegistry()

    def fail() -> object:
        raise RuntimeError("no perch")

    registry.add("parrot", plugin(declared("parrot"), fail))
    with ThreadPoolExecutor() as pool:
        client = pool.submit(registry.open, URI.parse("parrot:///system"))
        registry.start(make_host)
        with pytest.raises(VirtError, match="no perch") as raised:
            client.result(DEADLINE)
    assert raised.value.code == ErrorCode.NO_CONNECT


def test_waiting_for_a_driver_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "START_WITHIN", 0.01)
    registry = DriverRegistry()
    registry.add("parrot", plugin(declared("parrot"), Parrot))
    with pytest.raises(VirtError, match="the driver parrot did not start") as raised:
        registry.open(URI.parse("parrot:///system"))
    assert raised.value.code == ErrorCode.OPERATION_TIMEOUT
