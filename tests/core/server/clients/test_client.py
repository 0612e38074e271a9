"""One client: its calls in order, what overtakes, and what it costs when it does not read."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading

import pytest
from server_rig import CHANGED, PROGRAM, Refused, Rig, text_of, wait_until

from virtloom.api.ports import Reply
from virtloom.errors import ErrorCode
from virtloom.server.clients.keepalive import PING_FRAME, PONG_FRAME
from virtloom.server.workers import waiting
from virtloom.wire.frames import pack_call
from virtloom.wire.message import MessageType

BIG = "x" * (1 << 20)


def test_a_clients_calls_are_worked_on_one_at_a_time_and_in_order(rig: Rig) -> None:
    peer = rig.start().login()
    begun: list[str] = []

    def echo(_: object, text: str) -> str:
        begun.append(text)
        rig.gate.pass_through()
        return text

    rig.handlers["echo"] = echo
    texts = [str(number) for number in range(20)]
    for text in texts:
        peer.send("echo", text)
    rig.gate.wait_for(1)
    rig.gate.open()
    assert [peer.reply() for _ in texts] == texts == begun
    assert rig.gate.most == 1


def test_max_client_requests_lets_so_many_calls_of_a_client_run_at_once(rig: Rig) -> None:
    peer = rig.start(max_client_requests=3).login()
    for _ in range(5):
        peer.send("busy", "x")
    rig.gate.wait_for(3)
    rig.gate.open()
    for _ in range(5):
        peer.reply()
    assert rig.gate.most == 3


def test_a_call_that_aborts_a_job_overtakes_the_call_that_runs_it(rig: Rig) -> None:
    peer = rig.start().login()
    peer.send("busy", "a long migration")
    rig.gate.wait_for(1)
    assert peer.ask("domain_abort_job", "now") == "now"
    rig.gate.open()
    peer.reply()


def test_overtaking_calls_keep_their_own_order(rig: Rig) -> None:
    peer = rig.start().login()
    peer.send("busy", "x")
    for text in "abcdef":
        peer.send("domain_abort_job", text)
    assert [peer.reply() for _ in "abcdef"] == list("abcdef")
    rig.gate.open()
    peer.reply()


def test_a_priority_call_is_answered_while_every_ordinary_worker_is_stuck(rig: Rig) -> None:
    rig.start(min_workers=1, max_workers=2)
    for _ in range(4):
        rig.login().send("busy", "x")
    rig.gate.wait_for(2)
    free = rig.login()
    assert free.ask("quick", "at once") == "at once"
    assert rig.sessions[-1].threads[-1].startswith("rig-prio-")


def test_a_ping_is_answered_before_authentication_and_while_a_call_runs(rig: Rig) -> None:
    peer = rig.start().connect()
    peer.sock.sendall(PING_FRAME)
    assert peer.sock.recv(28) == PONG_FRAME
    peer.login()
    peer.send("busy", "x")
    rig.gate.wait_for(1)
    peer.sock.sendall(PING_FRAME)
    assert peer.sock.recv(28) == PONG_FRAME
    rig.gate.open()
    peer.reply()


def test_past_the_backlogs_bound_a_client_is_not_read_from_until_it_was_served(rig: Rig) -> None:
    peer = rig.start(client_backlog=10).login()
    call = pack_call(PROGRAM, PROGRAM.by_name("busy"), 1, ("x" * 4000,))
    peer.sock.setblocking(False)
    poll = select.poll()
    poll.register(peer.sock, select.POLLOUT)
    sent = 0
    while poll.poll(200) and sent < 50 << 20:
        with contextlib.suppress(BlockingIOError):
            sent += peer.sock.send(call[sent % len(call) :])
    assert sent < 2 << 20
    peer.sock.settimeout(5)
    rig.gate.open()
    if sent % len(call):
        peer.sock.sendall(call[sent % len(call) :])
    for _ in range(-(-sent // len(call))):
        peer.reply()
    assert peer.ask("echo", "caught up") == "caught up"


def test_a_client_that_does_not_read_its_replies_is_served_no_further_and_harms_nobody(rig: Rig) -> None:
    served: list[int] = []

    def echo(session: object, text: str) -> str:
        served.append(1)
        return BIG

    rig.start(send_queue_bytes=2 << 20)
    slow, quick = rig.login(), rig.login()
    rig.handlers["echo"] = echo
    for _ in range(50):
        slow.send("echo", "x")
    for _ in range(20):
        assert quick.ask("quick", "fine") == "fine"
    wait_until(lambda: len(served) >= 3, "some calls were served")
    for _ in range(20):
        assert quick.ask("quick", "fine") == "fine"
    assert len(served) < 10
    assert [len(slow.reply()) for _ in range(50)] == [len(BIG)] * 50


def test_a_client_that_pings_and_never_reads_is_read_from_no_more(rig: Rig) -> None:
    peer = rig.start(send_queue_bytes=1000).login()
    peer.sock.setblocking(False)
    poll = select.poll()
    poll.register(peer.sock, select.POLLOUT)
    sent = 0
    while poll.poll(200) and sent < 50 << 20:
        with contextlib.suppress(BlockingIOError):
            sent += peer.sock.send(PING_FRAME * 1000)
    assert sent < 2 << 20


def test_events_go_out_in_order_and_between_replies(rig: Rig) -> None:
    peer = rig.start().login()
    port = rig.client_of(peer)
    for number in range(100):
        assert port.send_event(PROGRAM, CHANGED, (str(number),))
    texts = []
    for _ in range(100):
        frame = peer.receive()
        assert (frame.header.type, frame.header.serial, frame.header.proc) == (MessageType.MESSAGE, 1, CHANGED.number)
        texts.append(text_of(frame))
    assert texts == [str(number) for number in range(100)]


def test_events_for_a_client_that_does_not_read_are_dropped_and_then_it_is(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    peer = rig.start(event_queue=5, max_lost_events=10).login()
    port = rig.client_of(peer)
    taken = 0
    while port.send_event(PROGRAM, CHANGED, (BIG,)):
        taken += 1
    assert 5 <= taken <= 7
    dropped = [port.send_event(PROGRAM, CHANGED, ("x",)) for _ in range(9)]
    assert dropped == [False] * 9
    assert peer.gone()
    assert caplog.text.count("it does not read and loses events") == 1


def test_a_client_that_reads_again_in_time_gets_events_again(rig: Rig) -> None:
    peer = rig.start(event_queue=5, max_lost_events=10).login()
    port = rig.client_of(peer)
    taken = 0
    while port.send_event(PROGRAM, CHANGED, (BIG,)):
        taken += 1
    for _ in range(taken):
        peer.receive()
    wait_until(lambda: port.send_event(PROGRAM, CHANGED, ("again",)), "an event was taken")
    assert b"again" in peer.receive().payload


def test_frames_of_many_threads_to_one_client_are_not_mixed(rig: Rig) -> None:
    peer = rig.start(event_queue=10_000).login()
    port = rig.client_of(peer)

    def emit(letter: str) -> None:
        for _ in range(50):
            port.send_event(PROGRAM, CHANGED, (letter * 20_000,))

    threads = [threading.Thread(target=emit, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    texts = [text_of(peer.receive()) for _ in range(200)]
    for thread in threads:
        thread.join()
    assert all(text == text[0] * 20_000 for text in texts)


def test_descriptors_of_a_call_reach_the_session_and_are_closed_after_it(rig: Rig) -> None:
    seen: list[tuple[int, bytes]] = []

    def take(session: object, text: str, fds: tuple[int, ...]) -> str:
        seen.extend((fd, os.pread(fd, 100, 0)) for fd in fds)
        return text

    rig.handlers["fds"] = take
    peer = rig.start().login()
    files = [os.memfd_create(name) for name in "ab"]
    for fd, text in zip(files, (b"first", b"second"), strict=True):
        os.write(fd, text)
    peer.send("fds", "x", fds=files)
    peer.send("echo", "behind")
    assert [peer.reply(), peer.reply()] == ["x", "behind"]
    assert [text for _, text in seen] == [b"first", b"second"]
    for fd in files:
        os.close(fd)
    for fd, _ in seen:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)


def test_descriptors_of_a_reply_follow_it_and_are_closed_here(rig: Rig) -> None:
    def give(session: object, text: str, fds: tuple[int, ...]) -> Reply:
        made = [os.memfd_create("reply") for _ in range(3)]
        for number, fd in enumerate(made):
            os.write(fd, b"%d" % number)
        return Reply((text,), made)

    rig.handlers["fds"] = give
    peer = rig.start().login()
    assert peer.ask("fds", "x") == "x"
    assert [os.pread(fd, 10, 0) for fd in peer.fds] == [b"0", b"1", b"2"]
    for fd in peer.fds:
        os.close(fd)


def test_a_client_that_announces_descriptors_and_sends_none_is_closed(rig: Rig) -> None:
    peer = rig.start().login()
    peer.sock.sendall(pack_call(PROGRAM, PROGRAM.by_name("fds"), 1, ("x",), 2) + b"\0\0")
    assert peer.gone()


def test_descriptors_that_nobody_announced_are_closed(rig: Rig) -> None:
    peer = rig.start().login()
    fd = os.memfd_create("stray")
    call = pack_call(PROGRAM, PROGRAM.by_name("echo"), 1, ("x",))
    for _ in range(100):
        socket.send_fds(peer.sock, [call], [fd, fd, fd])
        assert peer.reply() == "x"
    os.close(fd)


def test_a_client_that_says_goodbye_gets_its_answer_and_then_the_end(rig: Rig) -> None:
    rig.handlers["echo"] = lambda session, text: session.port.close_after_reply() or text
    peer = rig.start().login()
    texts = ("bye", "never taken")
    peer.sock.sendall(b"".join(pack_call(PROGRAM, PROGRAM.by_name("echo"), 1, (text,)) for text in texts))
    assert peer.reply() == "bye"
    with pytest.raises(EOFError):
        peer.receive()


def test_a_client_that_vanishes_has_its_session_closed_when_its_call_has_ended(rig: Rig) -> None:
    peer = rig.start().login()
    peer.send("busy", "x")
    rig.gate.wait_for(1)
    peer.close()
    wait_until(lambda: not rig.server.clients(), "the client is gone")
    assert rig.sessions[0].closed == 0
    rig.gate.open()
    wait_until(lambda: rig.sessions[0].closed == 1, "its session is closed")


def test_calls_that_wait_when_their_client_vanishes_are_not_made(rig: Rig) -> None:
    made: list[str] = []
    rig.handlers["echo"] = lambda session, text: made.append(text)
    peer = rig.start().login()
    peer.send("busy", "x")
    rig.gate.wait_for(1)
    peer.send("echo", "too late")
    peer.close()
    wait_until(lambda: not rig.server.clients(), "the client is gone")
    rig.gate.open()
    wait_until(lambda: rig.sessions[0].closed == 1, "its session is closed")
    assert made == []


def test_one_greedy_client_does_not_starve_another(rig: Rig) -> None:
    rig.start(min_workers=1, max_workers=1, client_backlog=100_000)
    greedy, modest = rig.login(), rig.login()
    order: list[str] = []

    def echo(session: object, text: str) -> str:
        order.append(text)
        return text

    rig.handlers["echo"] = echo
    greedy.send("busy", "x")
    rig.gate.wait_for(1)
    for _ in range(50):
        greedy.send("echo", "greedy")
    for _ in range(3):
        modest.send("echo", "modest")
    wait_until(lambda: rig.server.workers.crowded(), "the modest one stands in the queue")
    rig.gate.open()
    for _ in range(3):
        modest.reply()
    assert order.index("modest") <= 1
    for _ in range(51):
        greedy.reply()


def test_too_long_a_wait_for_room_is_an_error_that_says_so(rig: Rig) -> None:
    def wait(session: object, text: str) -> str:
        with waiting("the test"):
            rig.gate.pass_through()
        return text

    rig.handlers["echo"] = wait
    rig.start(min_workers=1, max_workers=1, max_waiting=3)
    peers = [rig.login() for _ in range(3)]
    for peer in peers:
        peer.send("echo", "waits")
    rig.gate.wait_for(3)
    with pytest.raises(Refused, match="3 calls are waiting already") as refusal:
        rig.login().ask("echo", "one too many")
    assert refusal.value.code is ErrorCode.RESOURCE_BUSY
    rig.gate.open()
    assert [peer.reply() for peer in peers] == ["waits"] * 3
