"""The event hub: what an interceptor or a listener does wrong costs nobody else an event."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from virtloom.driver.events import Event, EventFamily, EventHub, EventSource
from virtloom.locks import Checker, LockManager


@pytest.fixture
def hub() -> Iterator[EventHub]:
    made = EventHub(LockManager("events", Checker("enforce")))
    made.start()
    yield made
    made.stop()


def source_of(hub: EventHub) -> EventSource:
    return EventSource(hub, LockManager("test", Checker("enforce")))


def emitted(source: EventSource, hub: EventHub) -> list[int]:
    """The numbers of two events that are emitted, as they are delivered."""
    seen: list[int] = []
    source.add_listener(lambda event: seen.append(event.number))
    for number in (1, 2):
        source.emit(EventFamily.DOMAIN, number, None)
    assert hub.flush(30)
    return seen


def test_an_interceptor_that_fails_lets_events_pass(hub: EventHub) -> None:
    source = source_of(hub)

    def fail(event: Event) -> Iterator[Event]:
        raise OSError("no idea")
        yield event

    source.interceptor = fail
    assert emitted(source, hub) == [1, 2]


def test_a_listener_that_fails_keeps_no_event_from_others(hub: EventHub) -> None:
    source = source_of(hub)

    def fail(event: Event) -> None:
        raise OSError("no idea")

    source.add_listener(fail)
    assert emitted(source, hub) == [1, 2]


def test_an_interceptor_chooses_what_is_delivered(hub: EventHub) -> None:
    source = source_of(hub)
    source.interceptor = lambda event: [event, event] if event.number == 2 else []
    assert emitted(source, hub) == [2, 2]
