"""Framing: however the bytes arrive, the same frames come out; what cannot be a frame is refused by its length."""

from __future__ import annotations

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtloom.wire import remote
from virtloom.wire.frames import (
    WITH_FDS,
    Frame,
    FrameReader,
    FramingError,
    pack,
    pack_call,
    pack_error,
    pack_hole,
    pack_message,
    pack_reply,
    pack_stream,
    unpack,
)
from virtloom.wire.message import FDS_MAX, FRAME_MAX, FRAME_MIN, Header, MessageType, Status

words = st.integers(0, (1 << 32) - 1)
numbers = st.integers(-(1 << 31), (1 << 31) - 1)
plain_types = st.sampled_from([0, 1, 2, 3, 6, -1, 99])
payloads = st.binary(max_size=200)


def frames_of(types: st.SearchStrategy[int], descriptors: st.SearchStrategy[int]) -> st.SearchStrategy[Frame]:
    headers = st.builds(Header, words, words, numbers, types, words, numbers)
    return st.builds(Frame, headers, payloads, descriptors)


frames = frames_of(plain_types, st.just(0)) | frames_of(st.sampled_from(WITH_FDS), st.integers(0, FDS_MAX))


def on_the_wire(frame: Frame) -> bytes:
    """A frame's bytes with those that carry its descriptors."""
    if frame.header.type not in WITH_FDS:
        return pack(frame.header, frame.payload)
    return pack(frame.header, frame.nfds.to_bytes(4) + frame.payload) + bytes(frame.nfds)


@given(st.lists(frames, max_size=8), st.data())
def test_any_chopping_gives_the_same_frames(sent: list[Frame], data: st.DataObject) -> None:
    stream = b"".join(on_the_wire(frame) for frame in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    reader, received = FrameReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += reader.feed(stream[start:end])
    assert received == sent
    assert not reader.partial


@given(st.lists(st.binary(max_size=100), max_size=10))
def test_arbitrary_bytes_raise_the_framing_error_alone(pieces: list[bytes]) -> None:
    reader = FrameReader()
    try:
        for piece in pieces:
            reader.feed(piece)
    except FramingError:
        pass


@pytest.mark.parametrize("length", [0, 4, FRAME_MIN - 1, FRAME_MAX + 1, 0x80000000, 0xFFFFFFFF])
def test_a_length_that_no_frame_has_is_refused_at_once(length: int) -> None:
    with pytest.raises(FramingError, match=str(length)):
        FrameReader().feed(length.to_bytes(4))


def test_the_largest_frame_is_waited_for() -> None:
    reader = FrameReader()
    assert reader.feed(FRAME_MAX.to_bytes(4)) == []
    assert reader.partial


@pytest.mark.parametrize("before", [b"", b"\xff\xff"])
def test_what_was_refused_stays_refused_whatever_follows(before: bytes) -> None:
    reader = FrameReader()
    reader.feed(before)
    call = pack_call(remote.PROGRAM, remote.PROGRAM.by_name("auth_list"), 0)
    with pytest.raises(FramingError):
        reader.feed(b"\xff" * 40)
    with pytest.raises(FramingError):
        reader.feed(call)


def test_a_frame_may_come_in_one_piece_of_several_kinds_of_buffer() -> None:
    call = pack_call(remote.PROGRAM, remote.PROGRAM.by_name("auth_list"), 0)
    scratch = bytearray(call)
    (frame,) = FrameReader().feed(scratch)
    scratch[:] = bytes(len(scratch))
    assert [frame] == FrameReader().feed(memoryview(call)) == FrameReader().feed(call)


def test_a_limit_of_ones_own() -> None:
    with pytest.raises(FramingError, match="above 100"):
        FrameReader(limit=100).feed((101).to_bytes(4))


def test_descriptors_bytes_are_taken_out_and_counted() -> None:
    header = Header(1, 1, 1, MessageType.CALL_WITH_FDS, 1, 0)
    stream = pack(header, (2).to_bytes(4) + b"body") + b"\0\0" + pack(header._replace(type=0), b"next")
    reader = FrameReader()
    received = [frame for byte in stream for frame in reader.feed(bytes([byte]))]
    assert received == [Frame(header, b"body", 2), Frame(header._replace(type=0), b"next", 0)]


def test_large_reads_lose_no_descriptor() -> None:
    """What the module says of unix(7): a read ends after a byte that carries a descriptor."""
    header = Header(1, 1, 1, MessageType.CALL_WITH_FDS, 1, 0)
    plain = pack(header._replace(type=0), b"next")
    sender, receiver = socket.socketpair()
    with sender, receiver:
        receiver.settimeout(10)
        sender.sendall(plain + pack(header, (3).to_bytes(4) + b"body"))
        for _ in range(3):
            socket.send_fds(sender, [b"\0"], [sender.fileno()])
        sender.sendall(plain)
        reader = FrameReader()
        received: list[tuple[bytes, int]] = []
        per_read: list[int] = []
        while len(received) < 3:
            data, fds, _, _ = socket.recv_fds(receiver, 1 << 16, FDS_MAX)
            per_read.append(len(fds))
            received += [(frame.payload, frame.nfds) for frame in reader.feed(data)]
            for fd in fds:
                os.close(fd)
    assert per_read == [1, 1, 1, 0]
    assert received == [(b"next", 0), (b"body", 3), (b"next", 0)]


@pytest.mark.parametrize("payload", [b"", b"\0\0", (33).to_bytes(4), b"\xff\xff\xff\xff"])
def test_a_bad_count_of_descriptors_is_refused(payload: bytes) -> None:
    with pytest.raises(FramingError, match="descriptors"):
        FrameReader().feed(pack(Header(1, 1, 1, MessageType.CALL_WITH_FDS, 1, 0), payload))


def test_one_frame_and_not_two() -> None:
    call = pack_call(remote.PROGRAM, remote.PROGRAM.by_name("auth_list"), 0)
    assert call.hex() == "0000001c200080860000000100000042000000000000000000000000"
    assert unpack(call).payload == b""
    with pytest.raises(FramingError):
        unpack(call + call)
    with pytest.raises(FramingError):
        unpack(call[:-1])


def test_the_kinds_of_message_on_the_wire() -> None:
    """The bytes of the worked examples in the protocol's description."""
    opened = pack_call(remote.PROGRAM, remote.PROGRAM.by_name("connect_open"), 2, ("test:///default", 0))
    assert opened.hex() == (
        "00000038200080860000000100000001000000000000000200000000"
        "000000010000000f746573743a2f2f2f64656661756c740000000000"
    )
    call = unpack(pack_call(remote.PROGRAM, remote.PROGRAM.by_name("auth_list"), 0)).header
    reply = pack_reply(call, remote.PROGRAM.by_name("auth_list"), ([0],))
    assert reply.hex() == "000000242000808600000001000000420000000100000000000000000000000100000000"
    event = remote.PROGRAM.by_name("domain_event_callback_lifecycle")
    uuid = bytes.fromhex("11111111222233334444555555555555")
    message = pack_message(remote.PROGRAM, event, (0, (("demo", uuid, 2), 2, 0)))
    assert message.hex() == (
        "00000044200080860000000100000" + "13e000000020000000100000000"
        "000000000000000464656d6f1111111122223333444455555555555500000002" + "0000000200000000"
    )


def test_stream_frames_repeat_the_calls_serial() -> None:
    call = Header(remote.PROGRAM.number, 1, 211, MessageType.CALL, 9, Status.OK)
    data, end, hole = unpack(pack_stream(call, b"abc")), unpack(pack_stream(call)), unpack(pack_hole(call, 512))
    assert (data.header.type, data.header.status, data.header.serial, data.payload) == (3, 2, 9, b"abc")
    assert (end.header.status, end.payload) == (2, b"")
    assert (hole.header.type, hole.payload) == (6, (512).to_bytes(8) + bytes(4))


def test_an_error_keeps_the_calls_identity() -> None:
    call = Header(remote.PROGRAM.number, 1, 23, MessageType.CALL, 5, Status.OK)
    frame = unpack(pack_error(call, (42, 12, "gone", 2, None, None, None, None, -1, -1, None)))
    assert frame.header == call._replace(type=1, status=1)
