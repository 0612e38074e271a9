"""Calls that are served where they were read: who earns it, and that reading goes on whatever such a call does."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable
from typing import Any

import pytest
from server_rig import PROGRAM, Peer, Refused, Rig, wait_until

from virtloom.errors import ErrorCode
from virtloom.server import reader as reader_module
from virtloom.server.clients.keepalive import PING_FRAME, PONG_FRAME
from virtloom.server.clients.sending import SendQueue
from virtloom.server.routes import DISTRUST, FORGIVEN, TRUSTED, Route
from virtloom.server.workers import waiting

TRICK = "the one that is not quick"


def trusted(rig: Rig, **limits: int) -> Peer:
    """A client whose ECHO calls were quick often enough."""
    peer = rig.start(**limits).login()
    earn_trust(rig, peer)
    return peer


def earn_trust(rig: Rig, peer: Peer) -> None:
    """Call ECHO until the reader serves it."""
    # On a busy machine a call may take long by chance, and then its kind has to earn trust anew.
    for _ in range(2 * TRUSTED + 100 * DISTRUST):
        peer.ask("echo", "quick")
        if by_the_reader(rig):
            return
    raise AssertionError("a quick call is never served by the reader")


def by_the_reader(rig: Rig) -> bool:
    """Whether the last call was served by the reader."""
    return rig.sessions[-1].threads[-1].startswith("rig-reader-")


def stand(rig: Rig, how: Callable[[], None]) -> None:
    """Let the call with the TRICK text do something before it is answered."""

    def echo(_: object, text: str) -> str:
        if text == TRICK:
            how()
        return text

    rig.handlers["echo"] = echo


def say_so(rig: Rig) -> Callable[[], None]:
    """Stand at the gate as a call that says that it waits."""

    def wait() -> None:
        with waiting("the test"):
            rig.gate.pass_through()

    return wait


def test_a_kind_of_call_is_served_by_the_reader_once_some_were_quick(rig: Rig) -> None:
    trusted(rig)
    assert rig.sessions[0].threads[1].startswith("rig-worker-")


def test_it_is_known_of_all_clients_at_once(rig: Rig) -> None:
    trusted(rig)
    for _ in range(10):
        other = rig.login()
        other.ask("echo", "x")
        if by_the_reader(rig):
            return
        earn_trust(rig, other)  # the machine was busy just then
    raise AssertionError("another client's first call is never served by the reader")


def test_a_client_that_has_its_answer_is_free_for_its_next_call(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = rig.start().login()
    (client,) = rig.server.clients()
    running: list[int] = []

    def put(queue: SendQueue, *arguments: Any, **named: Any) -> bool:
        running.append(client._calls.running)
        return written(queue, *arguments, **named)

    written = SendQueue.put
    monkeypatch.setattr(SendQueue, "put", put)
    assert peer.ask("echo", "x") == "x"
    assert running == [0]


def test_a_call_that_says_that_it_waits_stops_nobody(rig: Rig) -> None:
    peer = trusted(rig)
    stand(rig, say_so(rig))
    peer.send("echo", TRICK)
    rig.gate.wait_for(1)
    other = rig.login()
    for number in range(20):
        assert other.ask("echo", str(number)) == str(number)
    assert by_the_reader(rig)
    rig.gate.open()
    assert peer.reply() == TRICK
    assert peer.ask("echo", "again") == "again"


def test_a_call_that_does_not_say_so_stops_nobody_for_long_and_its_kind_is_trusted_no_more(rig: Rig) -> None:
    peer = trusted(rig)
    stand(rig, rig.gate.pass_through)
    peer.send("echo", TRICK)
    rig.gate.wait_for(1)
    other = rig.login()
    assert other.ask("echo", "x") == "x"
    assert not by_the_reader(rig)
    rig.gate.open()
    assert peer.reply() == TRICK


def test_a_kind_that_was_late_needs_more_quick_calls_to_be_trusted_again() -> None:
    route = Route(None, None)
    route.was_late()
    for _ in range(DISTRUST):
        route.took(0.0)
    assert route.streak < TRUSTED
    for _ in range(TRUSTED):
        route.took(0.0)
    assert route.streak >= TRUSTED
    route.took(1.0)
    assert route.streak == 0


def test_a_kind_of_which_many_were_quick_before_one_was_late_is_soon_trusted_again() -> None:
    route = Route(PROGRAM, PROGRAM.by_name("echo"))
    for _ in range(FORGIVEN + 1):
        route.took(0.0)
    route.was_late()
    assert not route.quick
    for _ in range(TRUSTED):
        route.took(0.0)
    assert route.quick
    route.was_late()  # once more, and so soon
    for _ in range(DISTRUST):
        route.took(0.0)
    assert not route.quick


def test_calls_that_the_reader_serves_are_among_the_quick_ones(rig: Rig) -> None:
    peer = trusted(rig)
    route = next(route for route in rig.server.dispatcher._routes.values() if route.quick)
    for _ in range(1000):
        before = route.streak
        peer.ask("echo", "x")
        if by_the_reader(rig) and route.streak == before + 1:
            return
        earn_trust(rig, peer)
    raise AssertionError("a call that the reader serves does not count")


@pytest.mark.parametrize("declared", [True, False])
def test_a_client_is_served_in_order_and_pinged_while_its_call_stands(rig: Rig, declared: bool) -> None:
    peer = trusted(rig)
    stand(rig, say_so(rig) if declared else rig.gate.pass_through)
    peer.send("echo", TRICK)
    rig.gate.wait_for(1)
    for number in range(10):
        peer.send("echo", str(number))
    peer.sock.sendall(PING_FRAME)
    assert peer.sock.recv(len(PONG_FRAME)) == PONG_FRAME
    rig.gate.open()
    assert [peer.reply() for _ in range(11)] == [TRICK, *map(str, range(10))]


def test_a_client_that_vanishes_while_its_call_stands_is_released_once_and_after_it(rig: Rig) -> None:
    peer = trusted(rig)
    stand(rig, say_so(rig))
    peer.send("echo", TRICK)
    rig.gate.wait_for(1)
    peer.close()
    wait_until(lambda: rig.server.counts()[0] == 0, "it was noticed")
    assert rig.sessions[0].closed == 0
    rig.gate.open()
    wait_until(lambda: rig.sessions[0].closed == 1, "it was released")


def test_past_the_bound_of_waiting_calls_the_next_fails_at_once(rig: Rig) -> None:
    trusted(rig, max_waiting=2)
    stand(rig, say_so(rig))
    peers = [rig.login() for _ in range(3)]
    for peer in peers:
        peer.send("echo", TRICK)
    rig.gate.wait_for(2)
    answered, _, _ = select.select([peer.sock for peer in peers], [], [], peers[0].sock.gettimeout())
    refused = next(peer for peer in peers if [peer.sock] == answered)
    with pytest.raises(Refused) as failure:
        refused.reply()
    assert failure.value.code == ErrorCode.RESOURCE_BUSY
    rig.gate.open()
    assert [peer.reply() for peer in peers if peer is not refused] == [TRICK, TRICK]


def test_with_too_many_threads_away_calls_go_to_the_workers(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "AWAY_MAX", 2)
    trusted(rig)
    peers = [rig.login() for _ in range(3)]
    earn_trust(rig, peers[-1])
    # A call of before that took long by chance on a busy machine has a thread away until it has ended.
    wait_until(lambda: rig.server.reader._away == 0, "nobody was away")
    stand(rig, say_so(rig))
    for count, peer in enumerate(peers, 1):
        peer.send("echo", TRICK)
        rig.gate.wait_for(count)
    # The two before it are the reader's, unless the machine was so busy that their kind lost its trust between them.
    assert rig.sessions[-1].threads[-1].startswith("rig-worker-")
    rig.gate.open()
    for peer in peers:
        peer.reply()
    wait_until(lambda: rig.server.reader.lends, "the threads came back")


def test_the_role_changes_hands_under_load_and_nobody_is_forgotten(rig: Rig) -> None:
    trusted(rig)
    pause = threading.Event()

    def sometimes(session: object, text: str) -> str:
        if text.endswith("7"):
            with waiting("the test"):
                pause.wait(0.001)
        elif text.endswith("49"):
            pause.wait(0.005)
        return text

    rig.handlers["echo"] = sometimes
    answers: dict[int, list[str]] = {}

    def load(place: int) -> None:
        peer = peers[place]
        answers[place] = [peer.ask("echo", f"{place}/{number}") for number in range(100)]

    peers = [rig.login() for _ in range(8)]
    threads = [threading.Thread(target=load, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {place: [f"{place}/{number}" for number in range(100)] for place in range(8)}
