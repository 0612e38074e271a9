"""libvirt's Python binding as a second real client: callbacks, streams and keepalive."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from daemons import Daemon, eventually

try:
    import libvirt
except ImportError:
    if os.environ.get("CI") == "true":
        raise
    pytest.skip("libvirt-python is not installed (pip install libvirt-python)", allow_module_level=True)

GUEST = "<domain type='test'><name>{name}</name><memory>65536</memory><os><type>hvm</type></os></domain>"
STARTED, STOPPED = libvirt.VIR_DOMAIN_EVENT_STARTED, libvirt.VIR_DOMAIN_EVENT_STOPPED


@pytest.fixture(scope="module", autouse=True)
def event_loop() -> None:
    """libvirt's own event loop, on a thread of its own; it must exist before the first connection."""
    libvirt.registerErrorHandler(lambda context, error: None, None)
    libvirt.virEventRegisterDefaultImpl()

    def turn() -> None:
        while True:
            libvirt.virEventRunDefaultImpl()

    # A timer keeps the loop from sleeping for ever on nothing.
    libvirt.virEventAddTimeout(100, lambda timer, opaque: None, None)
    threading.Thread(target=turn, daemon=True, name="libvirt-events").start()


@pytest.fixture
def connection(daemon: Daemon) -> Iterator[Any]:
    opened = libvirt.open(daemon.uri())
    yield opened
    opened.close()


def test_life_cycle_events_arrive_while_other_calls_run(connection: Any, daemon: Daemon) -> None:
    seen: list[tuple[str, int]] = []
    connection.domainEventRegisterAny(
        None,
        libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
        lambda conn, dom, event, detail, _: seen.append((dom.name(), event)),
        None,
    )
    other = libvirt.open(daemon.uri())
    guests = [other.defineXML(GUEST.format(name=f"guest{number}")) for number in range(5)]

    def live(guest: Any) -> None:
        guest.create()
        guest.destroy()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(live, guests))
        for _ in range(50):
            connection.listAllDomains()
    expected = {(f"guest{number}", event) for number in range(5) for event in (STARTED, STOPPED)}
    eventually(lambda: expected <= set(seen), "every guest's start and stop")
    for number in range(5):
        mine = [event for name, event in seen if name == f"guest{number}" and event in (STARTED, STOPPED)]
        assert mine == [STARTED, STOPPED]
    other.close()


def test_an_event_for_one_domain_is_not_told_of_another(connection: Any) -> None:
    seen: list[str] = []
    wanted, other = (connection.defineXML(GUEST.format(name=name)) for name in ("wanted", "other"))
    number = connection.domainEventRegisterAny(
        wanted, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda conn, dom, event, detail, _: seen.append(dom.name()), None
    )
    other.create()
    wanted.create()
    eventually(lambda: "wanted" in seen, "the wanted domain's event")
    assert set(seen) == {"wanted"}
    connection.domainEventDeregisterAny(number)


def test_a_deregistered_callback_is_silent(connection: Any) -> None:
    early: list[str] = []
    late: list[str] = []
    guest = connection.defineXML(GUEST.format(name="guest"))

    def register(into: list[str]) -> int:
        return int(
            connection.domainEventRegisterAny(
                None,
                libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                lambda conn, dom, event, detail, _: into.append(dom.name()),
                None,
            )
        )

    number = register(early)
    connection.domainEventDeregisterAny(number)
    register(late)
    guest.create()
    eventually(lambda: "guest" in late, "the second callback's event")
    assert early == []


def test_a_screenshot_is_downloaded_over_a_stream(connection: Any) -> None:
    stream = connection.newStream()
    mime = connection.lookupByName("test").screenshot(stream, 0)
    received = bytearray()
    stream.recvAll(lambda stream, data, opaque: received.extend(data), None)
    stream.finish()
    assert mime.startswith("image/")
    assert received


def test_keepalive_is_answered(connection: Any) -> None:
    assert connection.setKeepAlive(1, 3) == 0
    answered = threading.Event()
    # Three intervals without an answer would close the connection; four pass before the check.
    libvirt.virEventAddTimeout(4000, lambda timer, opaque: answered.set(), None)
    assert answered.wait(30)
    assert connection.isAlive() == 1
    assert connection.lookupByName("test").isActive() == 1


def test_errors_carry_libvirts_code_and_domain(connection: Any) -> None:
    with pytest.raises(libvirt.libvirtError) as caught:
        connection.lookupByName("nobody")
    assert caught.value.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN
    assert caught.value.get_error_domain() == libvirt.VIR_FROM_TEST
    assert caught.value.get_error_message() == "Domain not found"


def test_typed_parameters_go_both_ways(connection: Any) -> None:
    domain = connection.lookupByName("test")
    domain.setMemoryParameters({"soft_limit": 1 << 20})
    assert domain.memoryParameters()["soft_limit"] == 1 << 20
    assert domain.blockIoTune("vda")["group_name"] == ""
