"""What a call gets for an answer: the same sentences as libvirt's, and never none."""

from __future__ import annotations

import pytest
from server_rig import PROGRAM, Peer, Refused, Rig, refused

from virtloom.errors import ErrorCode, ErrorDomain
from virtloom.wire.frames import pack
from virtloom.wire.message import Header, MessageType, Status

ECHO = PROGRAM.by_name("echo").number
CALL, OK = MessageType.CALL, Status.OK


@pytest.fixture
def peer(rig: Rig) -> Peer:
    return rig.start().login()


def test_a_call_is_answered_with_its_own_header(peer: Peer) -> None:
    serial = peer.send("echo", "hello")
    header = peer.receive().header
    assert header == Header(PROGRAM.number, 1, ECHO, MessageType.REPLY, serial, Status.OK)


def test_bytes_after_the_arguments_are_ignored(peer: Peer) -> None:
    peer.raw(PROGRAM.number, 1, ECHO, CALL, 9, OK, body=b"\0\0\0\1x\0\0\0" + b"more")
    assert peer.reply() == "x"


@pytest.mark.parametrize(
    ("words", "body", "message"),
    [
        ((0x12345678, 1, 1, CALL, 7, OK), b"", "Cannot find program 305419896 version 1"),
        ((0xFFFFFFFF, 1, 1, CALL, 7, OK), b"", "Cannot find program -1 version 1"),
        ((PROGRAM.number, 2, 1, CALL, 7, OK), b"", f"Cannot find program {PROGRAM.number} version 2"),
        ((0x6B656570, 1, 1, CALL, 7, OK), b"", "Cannot find program 1801807216 version 1"),
        ((PROGRAM.number, 1, 9999, CALL, 7, OK), b"", "unknown procedure: 9999"),
        ((PROGRAM.number, 1, 0, CALL, 7, OK), b"", "unknown procedure: 0"),
        ((PROGRAM.number, 1, -5, CALL, 7, OK), b"", "unknown procedure: -5"),
        ((PROGRAM.number, 1, 10, CALL, 7, OK), b"", "unknown procedure: 10"),  # an event
        ((PROGRAM.number, 1, ECHO, CALL, 7, Status.ERROR), b"", "Unexpected message status 1"),
        ((PROGRAM.number, 1, ECHO, CALL, 7, OK), b"", "Unable to decode message payload"),
        ((PROGRAM.number, 1, ECHO, CALL, 7, OK), b"\0\0\0\2\xff\xfe\0\0", "Unable to decode message payload"),
        ((PROGRAM.number, 1, ECHO, CALL, 7, OK), b"\xff\xff\xff\xff", "Unable to decode message payload"),
    ],
)
def test_what_is_not_a_call_is_refused_in_libvirts_words_and_the_client_stays(
    peer: Peer, words: tuple[int, ...], body: bytes, message: str
) -> None:
    peer.raw(*words, body=body)
    with pytest.raises(Refused) as refusal:
        peer.reply()
    assert (refusal.value.code, refusal.value.domain) == (ErrorCode.RPC, ErrorDomain.RPC)
    assert refusal.value.message == message
    assert peer.ask("echo", "still here") == "still here"


def test_before_authentication_every_call_but_those_for_it_is_refused(rig: Rig) -> None:
    peer = rig.start().connect()
    with pytest.raises(Refused, match=r"^authentication required$") as refusal:
        peer.ask("echo", "x")
    assert (refusal.value.code, refusal.value.domain) == (ErrorCode.RPC, ErrorDomain.RPC)
    assert peer.login().ask("echo", "x") == "x"


@pytest.mark.parametrize("kind", [MessageType.REPLY, MessageType.MESSAGE, MessageType.STREAM, 99])
def test_what_is_no_call_and_not_understood_is_dropped_without_a_word(peer: Peer, kind: int) -> None:
    peer.raw(PROGRAM.number, 1, ECHO, kind, 3, OK)
    assert peer.ask("echo", "next") == "next"


def test_an_error_of_the_driver_reaches_the_client_as_it_is(rig: Rig, peer: Peer) -> None:
    def fail(*_: object) -> None:
        raise refused(ErrorCode.NO_DOMAIN, ErrorDomain.TEST, "no domain with matching name 'x'")

    rig.handlers["echo"] = fail
    with pytest.raises(Refused, match="Domain not found: no domain with matching name 'x'") as refusal:
        peer.ask("echo", "x")
    assert (refusal.value.code, refusal.value.domain) == (ErrorCode.NO_DOMAIN, ErrorDomain.TEST)


def test_an_unexpected_failure_costs_the_call_and_nothing_else(rig: Rig, peer: Peer) -> None:
    rig.handlers["echo"] = lambda *_: 1 // 0
    with pytest.raises(Refused, match="unexpected ZeroDivisionError in the daemon, reference") as refusal:
        peer.ask("echo", "x")
    assert refusal.value.code is ErrorCode.INTERNAL_ERROR
    assert peer.ask("quick", "y") == "y"


@pytest.mark.parametrize("answer", [42, "x" * ((1 << 20) + 1), "\ud800"])
def test_an_answer_that_does_not_fit_its_struct_becomes_an_error(rig: Rig, peer: Peer, answer: object) -> None:
    rig.handlers["echo"] = lambda *_: answer
    with pytest.raises(Refused, match="Unable to encode message payload"):
        peer.ask("echo", "x")


def test_an_error_whose_text_cannot_be_sent_is_sent_without_it(rig: Rig, peer: Peer) -> None:
    def fail(*_: object) -> None:
        raise refused(ErrorCode.INTERNAL_ERROR, ErrorDomain.TEST, "\ud800")

    rig.handlers["echo"] = fail
    with pytest.raises(Refused, match=r"^internal error$"):
        peer.ask("echo", "x")


def test_calls_that_came_in_one_piece_are_all_answered_in_order(peer: Peer) -> None:
    calls = [pack(Header(PROGRAM.number, 1, ECHO, CALL, n, OK), b"\0\0\0\1%d\0\0\0" % (n % 10)) for n in range(500)]
    peer.sock.sendall(b"".join(calls))
    assert [peer.reply() for _ in calls] == [str(n % 10) for n in range(500)]
