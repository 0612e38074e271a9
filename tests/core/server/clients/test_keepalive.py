"""The countdown, and the deadlines that stand beside it."""

from __future__ import annotations

import pytest
from server_rig import Rig

from virtloom.server.clients.deadlines import Deadlines
from virtloom.server.clients.keepalive import PING_FRAME, PONG_FRAME, Countdown, Verdict
from virtloom.server.limits import ServerLimits

FINE, ASK, DEAD = Verdict.FINE, Verdict.ASK, Verdict.DEAD


@pytest.fixture
def countdown() -> Countdown:
    countdown = Countdown(5, 3)
    countdown.start(100)
    return countdown


def test_the_frames_are_those_that_libvirt_sends() -> None:
    assert PING_FRAME.hex() == "0000001c6b656570000000010000000100000002" + "0" * 16
    assert PONG_FRAME.hex() == "0000001c6b656570000000010000000200000002" + "0" * 16


def test_nobody_is_asked_before_they_said_that_they_understand() -> None:
    countdown = Countdown(5, 3)
    assert countdown.due() is None
    assert countdown.look(10_000) is FINE


def test_a_silent_client_is_asked_and_then_given_up(countdown: Countdown) -> None:
    assert [countdown.look(now) for now in (104, 105, 109, 110, 115, 119, 120)] == [
        FINE, ASK, FINE, ASK, ASK, FINE, DEAD,
    ]  # fmt: skip


def test_any_frame_starts_the_countdown_anew(countdown: Countdown) -> None:
    assert countdown.look(105) is ASK
    countdown.heard(106)
    assert countdown.due() == 111
    assert [countdown.look(now) for now in (111, 116, 121, 126)] == [ASK, ASK, ASK, DEAD]


def test_starting_twice_is_starting_once(countdown: Countdown) -> None:
    countdown.start(104)
    assert countdown.due() == 105


def test_an_interval_of_nothing_asks_never() -> None:
    countdown = Countdown(0, 3)
    countdown.start(100)
    assert countdown.due() is None


def test_the_server_asks_and_closes_a_client_that_does_not_answer(rig: Rig) -> None:
    peer = rig.start(keepalive_interval=0.02, keepalive_count=2).login()
    rig.client_of(peer).start_keepalive()
    assert peer.sock.recv(28) == PING_FRAME
    assert peer.sock.recv(28) == PING_FRAME
    assert peer.gone()


def test_a_client_that_answers_is_kept(rig: Rig) -> None:
    peer = rig.start(keepalive_interval=0.02, keepalive_count=1).login()
    rig.client_of(peer).start_keepalive()
    for _ in range(10):
        assert peer.sock.recv(28) == PING_FRAME
        peer.sock.sendall(PONG_FRAME)
    peer.send("echo", "still here")
    peer.receive()


def test_while_we_do_not_read_the_countdown_stands_still() -> None:
    deadlines = Deadlines(ServerLimits(keepalive_interval=5, keepalive_count=0, partial_frame_timeout=7), 100)
    deadlines.heard(True, True, 100)
    deadlines.start_keepalive(100)
    deadlines.pause()
    assert deadlines.due() is None
    assert deadlines.look(1000).verdict is FINE
    deadlines.resume(1000)
    assert deadlines.due() == 1005
    assert deadlines.look(1005).verdict is DEAD


def test_a_newcomer_has_until_its_first_frame_and_a_frame_until_its_end() -> None:
    deadlines = Deadlines(ServerLimits(first_frame_timeout=30, partial_frame_timeout=60), 100)
    assert deadlines.due() == 130
    deadlines.heard(False, True, 120)
    assert deadlines.due() == 130
    assert deadlines.look(130).reason == "nothing came from it in 30 seconds"
    deadlines.heard(True, True, 125)
    assert deadlines.due() == 185
    deadlines.heard(False, True, 180)
    assert deadlines.look(185).reason == "a frame was not complete after 60 seconds"
    deadlines.heard(True, False, 181)
    assert deadlines.due() is None


def test_deadlines_of_nothing_are_none() -> None:
    deadlines = Deadlines(ServerLimits(first_frame_timeout=0, partial_frame_timeout=0), 100)
    deadlines.heard(False, True, 100)
    assert deadlines.due() is None
