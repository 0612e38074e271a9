"""A talk with a monitor that answers, refuses, hangs, dies or speaks nonsense."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from qmp_peer import GREETING, Kept, Peer

from daemons import eventually
from virtloom.errors import ErrorCode
from virtloom.locks import LockManager
from virtloom_qemu.monitor import CommandFailed, Monitor, MonitorClosed, MonitorTimeout


def test_a_command_returns_what_qemu_returned(monitor: Monitor, peer: Peer, caller: ThreadPoolExecutor) -> None:
    asked = caller.submit(monitor.execute, "query-name", {"a": 1})
    heard = peer.answers({"name": "guest"})
    assert (heard["execute"], heard["arguments"]) == ("query-name", {"a": 1})
    assert asked.result(10) == {"name": "guest"}
    assert monitor.version == (7, 2, 22)


def test_a_refusal_has_libvirts_words(monitor: Monitor, peer: Peer, caller: ThreadPoolExecutor) -> None:
    asked = caller.submit(monitor.execute, "cont")
    number = peer.hears()["id"]
    peer.says({"error": {"class": "GenericError", "desc": "no"}, "id": number})
    with pytest.raises(CommandFailed) as caught:
        asked.result(10)
    assert str(caught.value) == "internal error: unable to execute QEMU command 'cont': no"
    assert (caught.value.code, caught.value.kind) == (ErrorCode.INTERNAL_ERROR, "GenericError")


def test_answers_find_their_questions_in_any_order(monitor: Monitor, peer: Peer, caller: ThreadPoolExecutor) -> None:
    asked = {caller.submit(monitor.execute, name): name for name in ("a", "b", "c")}
    heard = [peer.hears() for _ in asked]
    peer.says(*({"return": one["execute"].upper(), "id": one["id"]} for one in reversed(heard)))
    assert {future.result(10) for future in asked} == {"A", "B", "C"}


def test_events_are_handed_on_in_order_between_answers(
    monitor: Monitor, peer: Peer, kept: Kept, caller: ThreadPoolExecutor
) -> None:
    asked = caller.submit(monitor.execute, "stop")
    number = peer.hears()["id"]
    when = {"seconds": 5, "microseconds": 6}
    peer.says({"event": "STOP", "timestamp": when}, {"event": "RESUME", "data": {"x": 1}}, {"return": {}, "id": number})
    asked.result(10)
    told = [(event.name, event.data, event.seconds) for event in kept.events]
    assert told == [("STOP", {}, 5), ("RESUME", {"x": 1}, 0)]


def test_a_monitor_that_hangs_costs_its_caller_the_deadline_and_a_late_answer_disturbs_nobody(
    monitor: Monitor, peer: Peer, caller: ThreadPoolExecutor
) -> None:
    with pytest.raises(MonitorTimeout, match=r"'guest' did not answer 'query-status' within 0\.05 s") as caught:
        monitor.execute("query-status", timeout=0.05)
    assert caught.value.code == ErrorCode.OPERATION_TIMEOUT
    late = peer.hears()["id"]
    asked = caller.submit(monitor.execute, "query-name")
    peer.says({"return": "late", "id": late})
    peer.answers("in time")
    assert asked.result(10) == "in time"


def test_a_guest_that_dies_ends_every_wait_at_once(
    monitor: Monitor, peer: Peer, kept: Kept, caller: ThreadPoolExecutor
) -> None:
    asked = [caller.submit(monitor.execute, "query-status") for _ in range(3)]
    for _ in asked:
        peer.hears()
    peer.dies()
    for future in asked:
        with pytest.raises(MonitorClosed, match="End of file from qemu monitor"):
            future.result(10)
    with pytest.raises(MonitorClosed):
        monitor.execute("query-status")
    eventually(lambda: kept.ends == [("End of file from qemu monitor", False)], "the end")


@pytest.mark.parametrize("words", [b"hello", b"[]", b'{"what": 1}', b'{"event": "X", "timestamp": {"seconds": "y"}}'])
def test_nonsense_ends_the_talk_and_is_told_apart_from_a_death(
    monitor: Monitor, peer: Peer, kept: Kept, words: bytes
) -> None:
    peer.raw(words + b"\n")
    eventually(lambda: len(kept.ends) == 1, "the end")
    assert kept.ends[0][1]
    with pytest.raises(MonitorClosed):
        monitor.execute("query-status")


def test_a_greeting_of_another_protocol_is_refused(peer: Peer, locks: LockManager) -> None:
    monitor = Monitor(peer.client, "guest", locks)
    peer.says({"QMP": {"version": "new"}})
    with pytest.raises(MonitorClosed, match="Unknown JSON reply"):
        monitor.negotiate()
    monitor.close()


def test_a_greeting_that_does_not_come_has_a_deadline(peer: Peer, locks: LockManager) -> None:
    monitor = Monitor(peer.client, "guest", locks)
    with pytest.raises(MonitorTimeout, match="the greeting"):
        monitor.negotiate(0.05)
    monitor.close()


def test_a_peer_that_does_not_read_blocks_no_caller(monitor: Monitor, peer: Peer) -> None:
    word = "x" * 100_000
    for _ in range(20):  # far more than a socket holds
        with pytest.raises(MonitorTimeout):
            monitor.execute("query-status", {"word": word}, timeout=0.001)
    heard = [peer.hears()["arguments"]["word"] for _ in range(20)]
    assert heard == [word] * 20


def test_descriptors_go_with_their_command(monitor: Monitor, peer: Peer, caller: ThreadPoolExecutor) -> None:
    reader, writer = os.pipe()
    asked = caller.submit(monitor.execute, "getfd", {"fdname": "x"}, fds=[writer])
    line, fds, _, _ = socket.recv_fds(peer.sock, 4096, 4)
    os.write(fds[0], b"through")
    assert b"getfd" in line
    assert os.read(reader, 10) == b"through"
    for descriptor in (reader, writer, *fds):
        os.close(descriptor)
    peer.dies()
    with pytest.raises(MonitorClosed):
        asked.result(10)


def test_a_wait_says_what_it_waits_for(peer: Peer, locks: LockManager) -> None:
    waits: list[str] = []

    @contextmanager
    def waiting(what: str) -> Iterator[None]:
        waits.append(what)
        yield

    monitor = Monitor(peer.client, "guest", locks, waiting=waiting)
    with pytest.raises(MonitorTimeout):
        monitor.negotiate(0.01)
    assert waits == ["the answer of guest's monitor to the greeting"]
    peer.says(GREETING)
    monitor.close()
