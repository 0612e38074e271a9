"""Calls over one socket: who gets which reply, and that nothing which a daemon sends leaves anybody waiting."""

from __future__ import annotations

import os
import queue
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from peer import CLOSED, HOSTNAME, KEEPALIVE, PONG, Peer

from virtloom.client import ConnectionLost, DeadlineMissed
from virtloom.client.transport import decode_reply
from virtloom.errors import ErrorCode, VirtError
from virtloom.wire import remote
from virtloom.wire.frames import pack, pack_stream
from virtloom.wire.message import Header, MessageType, Status

P = remote.PROGRAM
BY_NAME = P.by_name("domain_lookup_by_name")
DOWNLOAD = P.by_name("storage_vol_download")


def test_replies_find_their_callers_in_whatever_order_they_come(peer: Peer) -> None:
    transport = peer.transport()
    calls = [transport.begin(P, HOSTNAME, ()) for _ in range(3)]
    headers = [peer.receive().header for _ in calls]
    for header in reversed(headers):
        peer.reply(header, HOSTNAME, (f"host{header.serial}",))
    answers = [HOSTNAME.ret.decode(call.next(30).frame.payload).hostname for call in calls]  # type: ignore[union-attr]
    assert answers == [f"host{header.serial}" for header in headers]
    transport.close()


def test_a_reply_comes_before_what_its_stream_brought_earlier(peer: Peer) -> None:
    transport = peer.transport()
    waiting = transport.begin(P, DOWNLOAD, (("pool", "volume", "key"), 0, 0, 0))
    call = peer.receive().header
    for data in (b"first", b"second"):
        peer.frames.send_frame(pack_stream(call, data))
    peer.reply(call, DOWNLOAD, ())
    peer.frames.send_frame(pack_stream(call, b"third"))
    kinds = [waiting.next(30).frame for _ in range(4)]
    assert [frame.header.type for frame in kinds] == [MessageType.REPLY, *[MessageType.STREAM] * 3]
    assert [bytes(frame.payload) for frame in kinds[1:]] == [b"first", b"second", b"third"]
    transport.close()


def test_a_ping_is_answered_while_a_call_is_waiting(peer: Peer) -> None:
    transport = peer.transport()
    transport.begin(P, HOSTNAME, ())
    peer.receive()
    peer.ping()
    answer = peer.receive().header
    assert (answer.prog, answer.proc) == (KEEPALIVE, PONG)
    transport.close()


def test_a_reply_that_comes_too_late_is_dropped_with_its_descriptors(peer: Peer) -> None:
    transport = peer.transport()
    with pytest.raises(DeadlineMissed, match="no answer from the daemon"):
        transport.call(P, HOSTNAME, (), (), 0.01)
    late = peer.receive().header
    reader, writer = os.pipe()
    peer.reply(late, HOSTNAME, ("late",), [writer])
    os.close(writer)
    assert os.read(reader, 1) == b""  # its copy of the pipe was closed: this read ends only then
    os.close(reader)
    transport.close()


def test_wrong_values_are_refused_before_anything_is_sent(peer: Peer) -> None:
    transport = peer.transport()
    with pytest.raises(VirtError, match=r"domain_lookup_by_name_args\.name") as caught:
        transport.call(P, BY_NAME, (5,))
    assert caught.value.code is ErrorCode.INVALID_ARG
    peer.ping()
    assert peer.receive().header.prog == KEEPALIVE  # the first frame that came
    transport.close()


def test_an_error_of_a_number_that_is_not_known_keeps_its_sentence(peer: Peer) -> None:
    transport = peer.transport()
    call = transport.begin(P, HOSTNAME, ())
    peer.fail(peer.receive().header, 99_999, "something new")
    with pytest.raises(VirtError, match=r"^something new$") as caught:
        decode_reply(HOSTNAME, call.next(30).frame)
    assert caught.value.code is ErrorCode.INTERNAL_ERROR
    transport.close()


@pytest.mark.parametrize("status", [Status.OK, Status.ERROR])
def test_a_reply_that_cannot_be_read_is_told(peer: Peer, status: Status) -> None:
    transport = peer.transport()
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(transport.call, P, HOSTNAME, ())
        header = peer.receive().header
        peer.frames.send_frame(pack(header._replace(type=MessageType.REPLY, status=status), b"\xff\xff\xff\xff"))
        with pytest.raises(ConnectionLost, match="the daemon broke the protocol"):
            outcome.result(30)
    transport.close()


def test_an_event_that_cannot_be_read_or_is_unknown_is_passed_over(peer: Peer) -> None:
    seen: queue.SimpleQueue[int] = queue.SimpleQueue()
    transport = peer.transport(on_event=lambda program, procedure, message: seen.put(message.reason))
    for number, payload in ((CLOSED.number, b"\1"), (99_999, b""), (HOSTNAME.number, b"")):
        peer.frames.send_frame(pack(Header(P.number, 1, number, MessageType.MESSAGE, 1, 0), payload))
    peer.event(CLOSED, (3,))
    assert seen.get(timeout=30) == 3
    transport.close()


def test_the_end_of_the_connection_wakes_everybody_and_refuses_later_calls(peer: Peer) -> None:
    ended: queue.SimpleQueue[str] = queue.SimpleQueue()
    transport = peer.transport(on_end=ended.put)
    calls = [transport.begin(P, HOSTNAME, ()) for _ in range(3)]
    peer.close()
    for call in calls:
        with pytest.raises(ConnectionLost):
            call.next(30)
    assert ended.get(timeout=30)
    assert not transport.alive
    with pytest.raises(ConnectionLost):
        transport.call(P, HOSTNAME, ())
    transport.close()


def test_many_threads_may_call_at_once(peer: Peer) -> None:
    transport = peer.transport()

    def answer() -> None:
        for _ in range(400):
            header = peer.receive().header
            peer.reply(header, HOSTNAME, (str(header.serial),))

    daemon = threading.Thread(target=answer)
    daemon.start()
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: transport.call(P, HOSTNAME, ())[0].hostname, range(400)))
    daemon.join(30)
    assert sorted(map(int, names)) == list(range(1, 401))
    transport.close()
