"""Faults of events, as libvirt's binding sees them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from daemons import eventually

libvirt: Any = pytest.importorskip("libvirt")


class Heard:
    """A connection that listens, by callbacks on an event loop of its own thread."""

    def __init__(self, played: Any) -> None:
        self.connection = libvirt.open(played.daemon.uri())
        self.domain = self.connection.lookupByName("test")
        self.events: list[int] = []
        self.connection.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda c, d, event, detail, _: self.events.append(event), None
        )

    def live(self) -> None:
        """Suspend, resume, destroy, and define anew once the end was told, after which nothing more comes."""
        self.domain.suspend()
        self.domain.resume()
        self.domain.destroy()
        eventually(lambda: libvirt.VIR_DOMAIN_EVENT_STOPPED in self.events, "the event of the end")
        self.connection.defineXML(self.domain.XMLDesc())
        eventually(lambda: libvirt.VIR_DOMAIN_EVENT_DEFINED in self.events, "the last event")


SUSPENDED, RESUMED, STOPPED, DEFINED = (
    libvirt.VIR_DOMAIN_EVENT_SUSPENDED,
    libvirt.VIR_DOMAIN_EVENT_RESUMED,
    libvirt.VIR_DOMAIN_EVENT_STOPPED,
    libvirt.VIR_DOMAIN_EVENT_DEFINED,
)


@pytest.fixture(scope="module", autouse=True)
def event_loop() -> None:
    libvirt.registerErrorHandler(lambda context, error: None, None)
    libvirt.virEventRegisterDefaultImpl()
    libvirt.virEventAddTimeout(50, lambda timer, opaque: None, None)

    def turn() -> None:
        while True:
            libvirt.virEventRunDefaultImpl()

    threading.Thread(target=turn, daemon=True).start()


@pytest.mark.parametrize(
    ("do", "seen"),
    [
        ("drop-event", [SUSPENDED, STOPPED, DEFINED]),
        ("duplicate-event", [SUSPENDED, RESUMED, RESUMED, STOPPED, DEFINED]),
        ("reorder-event", [SUSPENDED, STOPPED, RESUMED, DEFINED]),
    ],
)
def test_an_event_is_lost_doubled_or_late(played: Any, do: str, seen: list[int]) -> None:
    played.fault(do, event="lifecycle/resumed", object="test")
    heard = Heard(played)
    heard.live()
    assert heard.events == seen


def test_a_delayed_event_comes_after_those_of_later(played: Any) -> None:
    name = played.fault("delay-event", event="lifecycle/suspended", seconds=0.5)
    heard = Heard(played)
    heard.live()
    eventually(lambda: SUSPENDED in heard.events, "the delayed event")
    assert sorted(heard.events) == sorted([SUSPENDED, RESUMED, STOPPED, DEFINED])
    assert played.hits(name) == 1
