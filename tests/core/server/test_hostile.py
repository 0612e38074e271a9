"""Clients that mean harm, or are broken: each costs itself only."""

from __future__ import annotations

import contextlib
import random
import struct
import time

import pytest
from server_rig import PROGRAM, Peer, Rig, wait_until

from virtloom.wire.frames import pack, pack_call
from virtloom.wire.message import Header, MessageType

ECHO = PROGRAM.by_name("echo")


@pytest.fixture
def witness(rig: Rig) -> Peer:
    """A client that goes on being served."""
    return rig.start(max_anonymous_clients=500).login()


@pytest.mark.parametrize("length", [0, 1, 27, 33_554_437, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
def test_a_length_that_no_frame_has_closes_the_connection_without_a_reply(rig: Rig, witness: Peer, length: int) -> None:
    peer = rig.login()
    peer.sock.sendall(struct.pack(">I", length) + b"\0" * 24)
    with pytest.raises((EOFError, ConnectionResetError)):
        peer.receive()
    assert witness.ask("echo", "x") == "x"


@pytest.mark.parametrize("count", [33, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_a_count_of_descriptors_that_no_frame_has_closes_the_connection(rig: Rig, witness: Peer, count: int) -> None:
    peer = rig.login()
    peer.raw(PROGRAM.number, 1, 6, MessageType.CALL_WITH_FDS, 1, 0, body=struct.pack(">I", count))
    assert peer.gone()
    assert witness.ask("echo", "x") == "x"


def test_a_largest_frame_is_taken_and_one_above_the_configured_limit_is_not(rig: Rig) -> None:
    rig.start(max_message=1000)
    assert rig.login().ask("echo", "x" * 960) == "x" * 960
    peer = rig.login()
    peer.send("echo", "x" * 1000)
    assert peer.gone()


def test_an_anonymous_client_that_says_nothing_is_closed(rig: Rig) -> None:
    assert rig.start(first_frame_timeout=0.05).connect().gone()


def test_a_client_that_never_finishes_a_frame_is_closed(rig: Rig) -> None:
    peer = rig.start(partial_frame_timeout=0.05).login()
    peer.sock.sendall(pack_call(PROGRAM, ECHO, 1, ("x" * 100,))[:50])
    assert peer.gone()


def test_a_frame_that_trickles_in_is_given_its_time_once_and_not_anew_for_each_byte(rig: Rig) -> None:
    peer = rig.start(partial_frame_timeout=0.1).login()
    frame = pack_call(PROGRAM, ECHO, 1, ("x" * 10_000,))
    sent = 0
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while sent < len(frame):
            sent += peer.sock.send(frame[sent : sent + 1])
            time.sleep(0.005)
    assert sent < 400


def test_an_idle_client_between_frames_is_left_in_peace(rig: Rig) -> None:
    peer = rig.start(first_frame_timeout=0.05, partial_frame_timeout=0.05).login()
    time.sleep(0.2)
    assert peer.ask("echo", "still here") == "still here"


def test_ten_thousand_random_frames_leave_the_server_as_it_was(rig: Rig, witness: Peer) -> None:
    rig.handlers["fds"] = lambda session, text, fds: text
    for name in ("download", "upload", "console"):
        rig.handlers[name] = lambda stream, flags: None
    rng = random.Random(20081204)
    peer = rig.login()
    for round in range(20):
        frames = b"".join(_random_frame(rng) for _ in range(500))
        try:
            peer.sock.sendall(frames)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            peer = rig.login()
        assert witness.ask("echo", str(round)) == str(round)


def _random_frame(rng: random.Random) -> bytes:
    body = rng.randbytes(rng.choice((0, 0, 4, 8, 20, 100)))
    header = Header(
        rng.choice((PROGRAM.number, PROGRAM.number, PROGRAM.number, 0x6B656570, rng.getrandbits(32))),
        rng.choice((1, 1, 1, 0, rng.getrandbits(32))),
        rng.choice((rng.randrange(12), rng.randrange(12), rng.randrange(-(1 << 31), 1 << 31))),
        rng.choice((0, 0, 1, 2, 3, 6, rng.randrange(-(1 << 31), 1 << 31))),
        rng.getrandbits(32),
        rng.choice((0, 0, 1, 2, rng.randrange(-(1 << 31), 1 << 31))),
    )
    return pack(header, body)


def test_random_bytes_close_only_their_own_connection(rig: Rig, witness: Peer) -> None:
    rng = random.Random(2008)
    for _ in range(100):
        peer = rig.connect()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            peer.sock.sendall(rng.randbytes(200))
        peer.close()
    assert witness.ask("echo", "x") == "x"


def test_two_hundred_clients_vanish_in_the_middle_of_their_calls(rig: Rig) -> None:
    rig.start(min_workers=2, max_workers=5, max_anonymous_clients=300)
    peers = [rig.login() for _ in range(200)]
    for peer in peers:
        peer.send("busy", "x")
    rig.gate.wait_for(5)
    for peer in peers:
        peer.close()
    wait_until(lambda: not rig.server.clients(), "all are gone")
    rig.gate.open()
    wait_until(lambda: all(session.closed == 1 for session in rig.sessions), "all sessions are closed")
    assert rig.login().ask("echo", "new") == "new"


def test_clients_that_connect_and_go_at_once_leave_nothing(rig: Rig, witness: Peer) -> None:
    for _ in range(300):
        rig.connect().close()
    assert witness.ask("echo", "x") == "x"
    wait_until(lambda: len(rig.server.clients()) == 1, "only the witness is left")
