"""Streams: both directions, holes, ends of every kind, and their bounds."""

from __future__ import annotations

import os
import threading
from queue import SimpleQueue

import pytest
from server_rig import PROGRAM, SPARSE, Peer, Refused, Rig, StreamPeer, wait_until

from virtloom.driver.streams import BytesSource, Hole, Stream
from virtloom.errors import ErrorCode, ErrorDomain
from virtloom.wire.message import STREAM_CHUNK, MessageType, Status, stream_hole

OK, ERROR, CONTINUE = Status.OK, Status.ERROR, Status.CONTINUE


class Tap:
    """A source that the test fills."""

    def __init__(self) -> None:
        self.pieces: SimpleQueue[bytes | Hole | Exception] = SimpleQueue()
        self.reads = 0
        self.closed = 0

    def read(self, size: int) -> bytes | Hole:
        self.reads += 1
        piece = self.pieces.get(timeout=10)
        if isinstance(piece, Exception):
            raise piece
        return piece

    def close(self) -> None:
        self.closed += 1
        self.pieces.put(b"")


class Bucket:
    """A sink that the test looks into."""

    def __init__(self) -> None:
        self.taken: list[bytes | int] = []
        self.ends: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.fail_at_write: Exception | None = None
        self.fail_at_finish: Exception | None = None

    def write(self, data: bytes) -> None:
        assert self.gate.wait(10)
        if self.fail_at_write is not None:
            raise self.fail_at_write
        self.taken.append(data)

    def hole(self, length: int) -> None:
        self.taken.append(length)

    def finish(self) -> None:
        self.ends.append("finish")
        if self.fail_at_finish is not None:
            raise self.fail_at_finish

    def abort(self) -> None:
        self.ends.append("abort")


@pytest.fixture
def tap(rig: Rig) -> Tap:
    tap = Tap()
    rig.handlers["download"] = lambda stream, flags: stream.send_from(tap)
    return tap


@pytest.fixture
def bucket(rig: Rig) -> Bucket:
    bucket = Bucket()
    rig.handlers["upload"] = lambda stream, flags: stream.receive_into(bucket)
    return bucket


@pytest.fixture
def peer(rig: Rig) -> Peer:
    return rig.start().login()


# Downloads.


def test_a_download_is_its_pieces_an_empty_one_and_a_confirmation_that_is_confirmed(tap: Tap, peer: Peer) -> None:
    for piece in (b"one", b"two", b""):
        tap.pieces.put(piece)
    stream = StreamPeer(peer, "download")
    frames = [stream.next() for _ in range(3)]
    assert [frame.payload for frame in frames] == [b"one", b"two", b""]
    assert {(frame.header.type, frame.header.status) for frame in frames} == {(MessageType.STREAM, CONTINUE)}
    wait_until(lambda: tap.closed == 1, "the source is closed")
    stream.say(OK)
    stream.answer()


def test_a_download_goes_in_pieces_of_the_size_that_libvirt_sends(rig: Rig, peer: Peer) -> None:
    data = os.urandom(3 * STREAM_CHUNK + 7)
    rig.handlers["download"] = lambda stream, flags: stream.send_from(BytesSource(data))
    stream = StreamPeer(peer, "download")
    pieces = [stream.next().payload for _ in range(5)]
    assert b"".join(pieces) == data
    assert [len(piece) for piece in pieces] == [STREAM_CHUNK] * 3 + [7, 0]


def test_a_client_that_reads_slowly_holds_up_the_source_and_its_memory_is_bounded(
    rig: Rig, tap: Tap, peer: Peer
) -> None:
    for _ in range(50):
        tap.pieces.put(b"x" * STREAM_CHUNK)
    stream = StreamPeer(peer, "download")
    wait_until(lambda: tap.reads >= 4, "the window was filled")
    assert rig.login().ask("echo", "others go on") == "others go on"
    assert tap.reads <= 8
    assert sum(len(stream.next().payload) for _ in range(50)) == 50 * STREAM_CHUNK
    stream.say(ERROR)
    stream.answer()


def test_calls_go_on_while_a_stream_does(tap: Tap, peer: Peer) -> None:
    stream = StreamPeer(peer, "download")
    assert peer.ask("echo", "beside") == "beside"
    tap.pieces.put(b"data")
    assert stream.next().payload == b"data"
    stream.say(ERROR)
    stream.answer()


def test_an_aborted_download_closes_its_source_at_once_even_while_it_reads(tap: Tap, peer: Peer) -> None:
    stream = StreamPeer(peer, "download")
    wait_until(lambda: tap.reads == 1, "the source is read")
    stream.say(ERROR)
    stream.answer()
    assert tap.closed == 1


def test_a_download_may_be_confirmed_before_its_end(tap: Tap, peer: Peer) -> None:
    stream = StreamPeer(peer, "download")
    stream.say(OK)
    stream.answer()
    assert tap.closed == 1


def test_a_source_that_fails_ends_the_stream_with_an_error_and_nothing_more(tap: Tap, peer: Peer) -> None:
    stream = StreamPeer(peer, "download")
    tap.pieces.put(OSError(5, "Input/output error"))
    with pytest.raises(Refused, match=r"^cannot read from stream: Input/output error$") as refusal:
        stream.answer()
    assert (refusal.value.code, refusal.value.domain) == (ErrorCode.SYSTEM_ERROR, ErrorDomain.STREAMS)
    wait_until(lambda: tap.closed == 1, "the source is closed")
    stream.say(ERROR)
    assert peer.ask("echo", "no answer to that") == "no answer to that"


def test_a_sparse_download_sends_its_holes(tap: Tap, peer: Peer) -> None:
    for piece in (b"data", Hole(1 << 40), b""):
        tap.pieces.put(piece)
    stream = StreamPeer(peer, "download", SPARSE)
    assert stream.next().payload == b"data"
    frame = stream.next()
    assert (frame.header.type, frame.header.status) == (MessageType.STREAM_HOLE, CONTINUE)
    assert tuple(stream_hole.decode(frame.payload)) == (1 << 40, 0)
    assert stream.next().payload == b""
    stream.say(OK)
    stream.answer()


def test_a_source_with_holes_for_a_client_without_is_an_error(tap: Tap, peer: Peer) -> None:
    tap.pieces.put(Hole(10))
    with pytest.raises(Refused, match="a hole in a stream without holes"):
        StreamPeer(peer, "download").answer()


def test_data_for_a_stream_that_takes_none_ends_it_with_an_error(tap: Tap, peer: Peer) -> None:
    stream = StreamPeer(peer, "download")
    stream.put(b"data")
    with pytest.raises(Refused, match="the stream takes no data"):
        stream.answer()


def test_drained_downloads_that_are_never_confirmed_hold_nothing_back(rig: Rig, peer: Peer) -> None:
    rig.handlers["download"] = lambda stream, flags: stream.send_from(BytesSource(b""))
    for _ in range(100):
        assert StreamPeer(peer, "download").next().payload == b""


# Uploads.


def test_an_upload_reaches_the_sink_in_order_and_its_end_is_confirmed(bucket: Bucket, peer: Peer) -> None:
    stream = StreamPeer(peer, "upload")
    pieces = [b"%d" % number * 1000 for number in range(100)]
    for piece in pieces:
        stream.put(piece)
    stream.say(OK)
    stream.answer()
    assert bucket.taken == pieces
    assert bucket.ends == ["finish"]


def test_an_aborted_upload_is_confirmed_and_its_sink_aborted(bucket: Bucket, peer: Peer) -> None:
    stream = StreamPeer(peer, "upload")
    stream.put(b"data")
    stream.say(ERROR)
    stream.answer()
    assert bucket.ends == ["abort"]


def test_a_status_that_there_is_not_aborts_and_says_so(bucket: Bucket, peer: Peer) -> None:
    stream = StreamPeer(peer, "upload")
    stream.say(77)
    with pytest.raises(Refused, match=r"^stream aborted with unexpected status 77$"):
        stream.answer()
    assert bucket.ends == ["abort"]


def test_a_sink_that_fails_ends_the_stream_and_what_follows_is_dropped(bucket: Bucket, peer: Peer) -> None:
    bucket.fail_at_write = OSError(28, "No space left on device")
    stream = StreamPeer(peer, "upload")
    stream.put(b"a" * 3001)
    stream.put(b"more")
    stream.say(OK)
    with pytest.raises(Refused, match=r"^cannot write to stream: No space left on device$") as refusal:
        stream.answer()
    assert (refusal.value.code, refusal.value.domain) == (ErrorCode.SYSTEM_ERROR, ErrorDomain.STREAMS)
    wait_until(lambda: bucket.ends == ["abort"], "the sink is aborted")
    assert peer.ask("echo", "still here") == "still here"


def test_a_sink_that_cannot_finish_answers_with_its_error(bucket: Bucket, peer: Peer) -> None:
    bucket.fail_at_finish = OSError(5, "Input/output error")
    stream = StreamPeer(peer, "upload")
    stream.say(OK)
    with pytest.raises(Refused):
        stream.answer()
    assert bucket.ends == ["finish"]


def test_a_slow_sink_holds_up_its_client_and_its_memory_is_bounded(rig: Rig, bucket: Bucket, peer: Peer) -> None:
    bucket.gate.clear()
    stream = StreamPeer(peer, "upload")

    def send() -> None:
        for _ in range(40):
            stream.put(b"x" * STREAM_CHUNK)

    sender = threading.Thread(target=send)
    sender.start()
    port = rig.client_of(peer)
    wait_until(lambda: port.streams.held >= rig.server.limits.stream_window, "the window is full")
    assert rig.login().ask("echo", "others go on") == "others go on"
    assert port.streams.held < rig.server.limits.stream_window + 2 * STREAM_CHUNK
    bucket.gate.set()
    sender.join(10)
    stream.say(OK)
    stream.answer()
    assert sum(len(piece) for piece in bucket.taken if isinstance(piece, bytes)) == 40 * STREAM_CHUNK


def test_holes_of_a_sparse_upload_reach_the_sink(bucket: Bucket, peer: Peer) -> None:
    stream = StreamPeer(peer, "upload", SPARSE)
    stream.put(b"data")
    stream.put_hole(1 << 33)
    stream.put(b"more")
    stream.say(OK)
    stream.answer()
    assert bucket.taken == [b"data", 1 << 33, b"more"]


@pytest.mark.parametrize(("flags", "length"), [(0, 5), (SPARSE, -5)])
def test_a_hole_that_may_not_be_ends_the_stream(bucket: Bucket, peer: Peer, flags: int, length: int) -> None:
    stream = StreamPeer(peer, "upload", flags)
    stream.put_hole(length)
    with pytest.raises(Refused):
        stream.answer()
    wait_until(lambda: bucket.ends == ["abort"], "the sink is aborted")


# Both ways.


def test_a_console_goes_both_ways_until_the_client_ends_it(rig: Rig, peer: Peer) -> None:
    tap, bucket = Tap(), Bucket()

    def console(stream: Stream, flags: int) -> None:
        stream.send_from(tap)
        stream.receive_into(bucket)

    rig.handlers["console"] = console
    stream = StreamPeer(peer, "console")
    stream.put(b"ls\n")
    tap.pieces.put(b"file\n")
    assert stream.next().payload == b"file\n"
    wait_until(lambda: bucket.taken == [b"ls\n"], "the guest got its input")
    tap.pieces.put(b"")
    assert stream.next().payload == b""
    stream.put(b"input after the guest's end")
    stream.say(OK)
    stream.answer()
    assert (tap.closed, bucket.ends) == (1, ["finish"])


# Whose streams end otherwise.


def test_a_client_that_vanishes_ends_its_streams(rig: Rig, tap: Tap, bucket: Bucket, peer: Peer) -> None:
    StreamPeer(peer, "download")
    StreamPeer(peer, "upload").put(b"data")
    wait_until(lambda: tap.reads == 1, "the source is read")
    peer.close()
    wait_until(lambda: (tap.closed, bucket.ends) == (1, ["abort"]), "both have ended")


def test_a_client_that_vanishes_frees_a_sink_that_is_stuck(rig: Rig, peer: Peer) -> None:
    bucket = Bucket()
    bucket.gate.clear()

    class Pty(Tap):
        def close(self) -> None:
            super().close()
            bucket.gate.set()

    tap = Pty()
    rig.handlers["console"] = lambda stream, flags: (stream.send_from(tap), stream.receive_into(bucket))
    StreamPeer(peer, "console").put(b"the guest does not read")
    peer.close()
    wait_until(lambda: (tap.closed, bucket.ends) == (1, ["abort"]), "both have ended")


def test_a_stream_ends_with_its_call_if_the_client_went_meanwhile(rig: Rig, peer: Peer) -> None:
    tap = Tap()

    def download(stream: Stream, flags: int) -> None:
        stream.send_from(tap)
        rig.gate.pass_through()

    rig.handlers["download"] = download
    peer.send("download", 0)
    rig.gate.wait_for(1)
    peer.close()
    wait_until(lambda: not rig.server.clients(), "the client is gone")
    rig.gate.open()
    wait_until(lambda: tap.closed == 1, "the source is closed")
    assert tap.reads == 0


def test_frames_for_a_stream_that_there_is_not_are_dropped(peer: Peer) -> None:
    for status in (CONTINUE, OK, ERROR):
        peer.raw(PROGRAM.number, 1, 8, MessageType.STREAM, 999, status, body=b"data")
    peer.raw(PROGRAM.number, 1, 8, MessageType.STREAM_HOLE, 999, CONTINUE)
    assert peer.ask("echo", "still here") == "still here"


def test_a_serial_that_is_used_again_ends_the_former_stream(bucket: Bucket, peer: Peer) -> None:
    StreamPeer(peer, "upload")
    peer._serial -= 1
    stream = StreamPeer(peer, "upload")
    wait_until(lambda: bucket.ends == ["abort"], "the former is aborted")
    stream.put(b"for the second")
    stream.say(OK)
    stream.answer()
    assert bucket.ends == ["abort", "finish"]


@pytest.mark.parametrize("limits", [{"client_streams": 3}, {"max_streams": 3}])
def test_streams_are_bounded_and_room_comes_back(rig: Rig, limits: dict[str, int]) -> None:
    rig.handlers["upload"] = lambda stream, flags: stream.receive_into(Bucket())
    peer = rig.start(**limits).login()
    streams = [StreamPeer(peer, "upload") for _ in range(3)]
    with pytest.raises(Refused, match="too many streams are open") as refusal:
        StreamPeer(peer, "upload")
    assert refusal.value.code is ErrorCode.RESOURCE_BUSY
    streams[0].say(ERROR)
    streams[0].answer()
    wait_until(lambda: _opens(peer), "there is room again")


def _opens(peer: Peer) -> bool:
    try:
        StreamPeer(peer, "upload")
    except Refused:
        return False
    return True


def test_a_stream_call_that_fails_gives_its_room_back(rig: Rig) -> None:
    def fail(stream: Stream, flags: int) -> None:
        raise OSError("no such volume")

    rig.handlers["upload"] = fail
    peer = rig.start(client_streams=1).login()
    for _ in range(5):
        with pytest.raises(Refused, match="unexpected OSError"):
            StreamPeer(peer, "upload")
