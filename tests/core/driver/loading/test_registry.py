"""Plugins are checked before they run, and one that fails leaves the others as they are."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from virtloom.driver import (
    API_VERSION,
    Driver,
    DriverDeclaration,
    DriverKind,
    HypervisorDriver,
    NetworkDriver,
    hookimpl,
)
from virtloom.driver.loading.registry import DriverRegistry
from virtloom.driver.uri import URI
from virtloom.errors import ErrorCode, VirtError


class Parrot(HypervisorDriver):
    paths = ("/system",)


def plugin(declaration: Any, start: Any = lambda host: Parrot()) -> object:
    """A plugin with the two hooks."""

    @hookimpl
    def virtloom_declare() -> Any:
        return declaration() if callable(declaration) else declaration

    @hookimpl
    def virtloom_start(host: Any) -> Any:
        return start(host)

    return SimpleNamespace(virtloom_declare=virtloom_declare, virtloom_start=virtloom_start)


def parrot(
    name: str = "parrot", schemes: tuple[str, ...] = ("parrot",), api_version: int = API_VERSION
) -> DriverDeclaration:
    return DriverDeclaration(
        name, "1.0", api_version, DriverKind.HYPERVISOR, schemes, default_uris=(f"{schemes[0]}:///system",)
    )


def started(*plugins: object, **options: Any) -> DriverRegistry:
    registry = DriverRegistry(**options)
    for number, one in enumerate(plugins):
        registry.add(f"plugin{number}", one)
    registry.start(lambda declaration: SimpleNamespace(name=declaration.name))  # type: ignore[arg-type,return-value]
    return registry


def problems(registry: DriverRegistry) -> list[str | None]:
    return [status.problem for status in registry.statuses]


def test_a_good_plugin_serves_its_scheme() -> None:
    registry = started(plugin(parrot()))
    hypervisor, drivers = registry.open(URI.parse("parrot:///system"))
    assert drivers == {DriverKind.HYPERVISOR: hypervisor}
    assert registry.default_uri() == "parrot:///system"


def test_a_driver_serves_further_schemes_when_told_to() -> None:
    registry = started(plugin(parrot()), also={"qemu": "parrot", "lxc": "dodo"})
    assert registry.open(URI.parse("qemu:///system"))[0] is registry.running()[0][1]
    with pytest.raises(VirtError, match="lxc:///system"):
        registry.open(URI.parse("lxc:///system"))


def test_a_scheme_that_is_another_drivers_cannot_be_had() -> None:
    both = started(plugin(parrot("qemu", ("qemu",))), plugin(parrot()), also={"qemu": "parrot"})
    assert "conflicting plugins found for the URI scheme 'qemu'" in (problems(both)[1] or "")


def test_a_scheme_that_nobody_serves_says_where_to_look() -> None:
    with pytest.raises(VirtError, match="dodo:///system") as caught:
        started(plugin(parrot())).open(URI.parse("dodo:///system"))
    assert caught.value.code is ErrorCode.NO_CONNECT
    assert caught.value.hint is not None


@pytest.mark.parametrize("scheme", ["qemu", "lxc", "uml", "openvz"])
def test_a_known_scheme_without_its_driver_names_the_package_to_install(scheme: str) -> None:
    with pytest.raises(VirtError) as caught:
        started(plugin(parrot())).open(URI.parse(f"{scheme}:///system"))
    assert caught.value.code == ErrorCode.NO_CONNECT
    assert caught.value.message == (
        f"no connection driver available for {scheme}:///system: "
        f"its driver is not installed; pip install virtloom-{scheme}"
    )


def test_a_driver_that_cannot_run_here_says_why_to_whoever_opens_it() -> None:
    def start(host: object) -> Parrot:
        raise VirtError(ErrorCode.OPERATION_FAILED, "parrots need air", hint="open the window")

    with pytest.raises(VirtError, match="parrots need air; open the window"):
        started(plugin(parrot(), start)).open(URI.parse("parrot:///system"))


def test_an_empty_uri_opens_the_hypervisor_of_the_lowest_rank() -> None:
    played = replace(parrot("played", ("played",)), default_rank=90)
    real = replace(parrot("real", ("real",)), default_rank=10)
    assert started(plugin(played), plugin(real)).default_uri() == "real:///system"


def test_a_driver_may_have_calls_of_its_own_for_administrators() -> None:
    talker = Parrot()
    talker.administration = {"say": lambda arguments: [arguments["word"]] * 2}
    registry = started(plugin(parrot(), lambda host: talker))
    assert registry.administer("parrot", "say", {"word": "hello"}) == ["hello", "hello"]
    with pytest.raises(VirtError, match="no administration call 'sing'; it has say"):
        registry.administer("parrot", "sing", {})
    with pytest.raises(VirtError, match="no driver 'dodo' is running"):
        registry.administer("dodo", "say", {})


def test_an_empty_uri_without_a_hypervisor_is_an_error() -> None:
    with pytest.raises(VirtError) as caught:
        started().default_uri()
    assert caught.value.code is ErrorCode.NO_CONNECT


def fails_to_declare() -> DriverDeclaration:
    raise RuntimeError("no feathers")


def cannot_run(host: Any) -> Driver:
    raise VirtError(ErrorCode.OPERATION_FAILED, "there is no cage", hint="buy one")


def breaks(host: Any) -> Driver:
    raise ZeroDivisionError("oops")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (plugin(fails_to_declare), "cannot be loaded: RuntimeError: no feathers"),
        (plugin("nonsense"), "not a DriverDeclaration"),
        (plugin(parrot("dodo", ("dodo",), api_version=99)), "version 99 of the plugin API, this host has 1"),
        (plugin(parrot("Dodo!", ("dodo",))), "not a lower-case identifier"),
        (plugin(parrot("dodo", ("dodo",)), cannot_run), "cannot run here: operation failed: there is no cage; buy one"),
        (plugin(parrot("dodo", ("dodo",)), breaks), "ZeroDivisionError: oops"),
        (plugin(parrot("dodo", ("dodo",)), lambda host: NetworkDriver()), "not a hypervisor driver"),
        (plugin(parrot("parrot", ("dodo",))), "conflicting plugins found for the driver 'parrot'"),
        (plugin(parrot("dodo", ("parrot",))), "conflicting plugins found for the URI scheme 'parrot'"),
    ],
)
def test_a_bad_plugin_is_explained_and_the_good_one_runs(bad: object, reason: str) -> None:
    registry = started(plugin(parrot()), bad)
    good, other = problems(registry)
    assert good is None
    assert other is not None
    assert reason in other
    registry.open(URI.parse("parrot:///system"))


def test_two_drivers_of_a_resource_kind_clash() -> None:
    nets = DriverDeclaration("nets", "1", API_VERSION, DriverKind.NETWORK)
    more = DriverDeclaration("more", "1", API_VERSION, DriverKind.NETWORK)
    registry = started(plugin(nets, lambda host: NetworkDriver()), plugin(more, lambda host: NetworkDriver()))
    assert "network driver" in str(problems(registry)[1])


def test_a_resource_driver_belongs_to_every_connection_that_brings_none() -> None:
    nets = DriverDeclaration("nets", "1", API_VERSION, DriverKind.NETWORK)
    network = NetworkDriver()
    registry = started(plugin(parrot()), plugin(nets, lambda host: network))
    _, drivers = registry.open(URI.parse("parrot:///system"))
    assert drivers[DriverKind.NETWORK] is network


def test_a_hypervisor_whose_guests_are_elsewhere_has_none_of_the_hosts_resources() -> None:
    nets = DriverDeclaration("nets", "1", API_VERSION, DriverKind.NETWORK)
    registry = started(plugin(replace(parrot(), shares_resources=False)), plugin(nets, lambda host: NetworkDriver()))
    _, drivers = registry.open(URI.parse("parrot:///system"))
    assert set(drivers) == {DriverKind.HYPERVISOR}


def test_drivers_stop_in_the_reverse_order_and_one_that_fails_stops_no_other() -> None:
    stopped: list[str] = []

    class Recorded(NetworkDriver):
        def stop(self) -> None:
            stopped.append("network")
            raise RuntimeError("cannot stop")

    class First(Parrot):
        def stop(self) -> None:
            stopped.append("parrot")

    nets = DriverDeclaration("nets", "1", API_VERSION, DriverKind.NETWORK)
    registry = started(plugin(parrot(), lambda host: First()), plugin(nets, lambda host: Recorded()))
    registry.stop()
    assert stopped == ["parrot", "network"]  # hypervisors start last, since guests need networks
