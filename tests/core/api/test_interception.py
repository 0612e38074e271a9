"""A driver may stand before the calls of its own connections, and before its events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sessions import connect
from virtloom.api.ports import Reply
from virtloom.driver import EventFamily, EventSource, HypervisorDriver, InterceptedCall, ReplyCut
from virtloom.driver.events import Event, EventHub
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Checker, LockManager, Mode


class Parrot(HypervisorDriver):
    def __init__(self) -> None:
        self.made = 0

    def connect_get_type(self) -> str:
        self.made += 1
        return "Parrot"


def test_an_interceptor_sees_every_call_after_the_opening() -> None:
    parrot, seen = Parrot(), []

    def watch(call: InterceptedCall, proceed: Callable[[], Any]) -> Any:
        seen.append(call)
        return proceed()

    parrot.interceptor = watch
    connection = connect(parrot)
    assert connection.call("connect_get_type").type == "Parrot"
    assert connection.call("connect_get_uri").uri == "parrot:///system"
    assert [call.procedure for call in seen] == ["connect_get_type", "connect_get_uri"]


def test_it_may_answer_with_an_error_instead_and_be_taken_away_at_any_time() -> None:
    parrot = Parrot()

    def refuse(call: InterceptedCall, proceed: Callable[[], Any]) -> Any:
        raise VirtError(ErrorCode.OPERATION_TIMEOUT, "it sleeps")

    connection = connect(parrot)
    parrot.interceptor = refuse
    with pytest.raises(VirtError, match="it sleeps"):
        connection.call("connect_get_type")
    assert parrot.made == 0
    parrot.interceptor = None
    assert connection.call("connect_get_type").type == "Parrot"


def test_a_cut_reply_tells_the_server_how_much_of_it_to_send() -> None:
    parrot = Parrot()

    def cut(call: InterceptedCall, proceed: Callable[[], Any]) -> Any:
        raise ReplyCut(proceed(), keep=5)

    parrot.interceptor = cut
    assert connect(parrot).reply("connect_get_type") == Reply(("Parrot",), cut=5)


def test_an_events_interceptor_chooses_what_is_delivered() -> None:
    locks = LockManager("events", Checker(Mode.ENFORCE))
    hub = EventHub(locks)
    source = EventSource(hub, locks)
    heard: list[int] = []
    source.add_listener(lambda event: heard.append(event.number))

    def twice_unless_two(event: Event) -> list[Event]:
        return [] if event.number == 2 else [event, event]

    source.interceptor = twice_unless_two
    hub.start()
    for number in (1, 2, 3):
        source.emit(EventFamily.DOMAIN, number, None)
    assert hub.flush()
    hub.stop()
    assert heard == [1, 1, 3, 3]
