"""A server's life: who is let in, what stopping does, what can be changed while it runs."""

from __future__ import annotations

import dataclasses
import os
import time

import pytest
from server_rig import PROGRAM, FakeSession, Peer, Rig, wait_until

from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import LockManager
from virtloom.server.clients.client import Client
from virtloom.server.limits import ServerLimits
from virtloom.server.server import Server


def test_a_client_is_known_by_its_process(rig: Rig) -> None:
    peer = rig.start().login()
    who = rig.client_of(peer).identity
    assert (who.uid, who.gid, who.pid) == (os.geteuid(), os.getegid(), os.getpid())
    assert who.process.startswith(("pytest", "python"))


def test_clients_are_numbered_and_found_by_their_number(rig: Rig) -> None:
    rig.start().login()
    second = rig.login()
    assert [client.id for client in rig.server.clients()] == [1, 2]
    assert rig.server.client(2) is rig.client_of(second)
    with pytest.raises(VirtError, match=r"^Client not found: No client with matching ID '3'$"):
        rig.server.client(3)


def test_beyond_max_clients_the_next_waits_until_one_leaves(rig: Rig) -> None:
    rig.start(max_clients=3, max_anonymous_clients=0)
    peers = [rig.login() for _ in range(3)]
    late = rig.connect()
    late.send("login")
    assert peers[0].ask("echo", "full") == "full"
    assert len(rig.server.clients()) == 3
    peers[0].close()
    assert late.reply() is None


def test_beyond_max_anonymous_clients_the_next_waits_until_one_authenticates(rig: Rig) -> None:
    rig.start(max_anonymous_clients=2)
    first, _ = rig.connect(), rig.connect()
    wait_until(lambda: rig.server.counts() == (2, 2), "both are in")
    late = rig.connect()
    late.send("login")
    first.login()
    assert late.reply() is None
    wait_until(lambda: rig.server.counts() == (3, 1), "two have authenticated")


def test_higher_limits_let_those_in_who_wait(rig: Rig) -> None:
    rig.start(max_clients=1, max_anonymous_clients=1).login()
    late = rig.connect()
    late.send("login")
    wait_until(lambda: not rig.server.accepting, "nobody is accepted")
    rig.server.reload(dataclasses.replace(rig.server.limits, max_clients=2))
    assert late.reply() is None


def test_a_session_that_cannot_be_made_turns_the_client_away_and_nobody_else(rig: Rig, locks: LockManager) -> None:
    rig.start()
    made = rig.server.make_session

    def refuse(port: object) -> FakeSession:
        raise VirtError(ErrorCode.OPERATION_DENIED, "not you")

    rig.server.make_session = refuse
    assert rig.connect().gone()
    rig.server.make_session = made
    peer = Peer(rig.path)
    assert peer.login().ask("echo", "x") == "x"
    peer.close()


def test_stopping_lets_a_call_finish_and_its_answer_out(rig: Rig) -> None:
    peer = rig.start().login()
    peer.send("busy", "x")
    rig.gate.wait_for(1)
    rig.handlers["busy"] = rig.handlers["echo"]
    rig.server.reader.soon(rig.gate.open)
    assert rig.server.stop() == []
    assert peer.reply() is None
    with pytest.raises((EOFError, ConnectionResetError)):
        peer.receive()


def test_stopping_waits_no_longer_than_it_may_and_names_what_is_stuck(rig: Rig) -> None:
    peer = rig.start().login()
    peer.send("busy", "x")
    rig.gate.wait_for(1)
    began = time.monotonic()
    stuck = rig.server.stop(1.2)
    assert time.monotonic() - began < 2
    assert len(stuck) == 1
    assert stuck[0].startswith("rig-worker-")
    rig.gate.open()
    wait_until(lambda: rig.sessions[0].closed == 1, "the session is closed when its call ends")


def test_stopping_with_idle_clients_is_quick(rig: Rig) -> None:
    rig.start()
    peers = [rig.login() for _ in range(20)]
    began = time.monotonic()
    assert rig.server.stop() == []
    assert time.monotonic() - began < 1
    assert all(peer.gone() for peer in peers)
    assert not rig.path.exists()


def test_a_client_that_is_just_let_in_when_the_server_stops_is_sent_away(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = Client.begin

    def stopped_before(client: Client) -> None:
        client.close_after_reply()
        begun(client)

    monkeypatch.setattr(Client, "begin", stopped_before)
    assert rig.start().connect().gone()
    wait_until(lambda: rig.server.counts()[0] == 0, "it left")


def test_a_server_that_never_started_stops(locks: LockManager) -> None:
    server = Server("rig", [PROGRAM], lambda port: FakeSession(None, port), locks)
    assert server.stop() == []


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_clients": 5, "max_anonymous_clients": 6}, "must not be less than the overall maximum"),
        ({"min_workers": 6, "max_workers": 5}, "minWorkers cannot be larger than maxWorkers"),
        ({"min_workers": 0, "max_workers": 0}, "maxWorkers must not be switched"),
    ],
)
def test_limits_that_contradict_themselves_are_refused(limits: dict[str, int], words: str) -> None:
    with pytest.raises(VirtError, match=words) as refusal:
        ServerLimits(**limits)
    assert refusal.value.code is ErrorCode.INVALID_ARG
