"""A call's stream as the daemon sees it, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from peer import Peer

from virtloom.client import ClientStream, DeadlineMissed, Hole, Transport
from virtloom.errors import VirtError
from virtloom.wire import remote
from virtloom.wire.frames import pack, pack_error, pack_hole, pack_stream
from virtloom.wire.message import STREAM_CHUNK, Header, MessageType, Status, stream_hole

UPLOAD = remote.PROGRAM.by_name("storage_vol_upload")
VOLUME = ("pool", "volume", "key")
ERROR = (1, 0, "it broke", 2, None, None, None, None, -1, -1, None)


class Upload:
    """A stream between the test's daemon and a client."""

    def __init__(self, peer: Peer, transport: Transport) -> None:
        self.peer = peer
        waiting = transport.begin(remote.PROGRAM, UPLOAD, (VOLUME, 0, 0, 0))
        self.header: Header = peer.receive().header
        peer.reply(self.header, UPLOAD, ())
        waiting.next(30)
        self.stream = ClientStream(transport, waiting)

    def daemon_sends(self, *frames: bytes) -> None:
        for frame in frames:
            self.peer.frames.send_frame(frame)


@pytest.fixture
def upload(peer: Peer) -> Iterator[Upload]:
    transport = peer.transport()
    yield Upload(peer, transport)
    transport.close()


def test_data_goes_in_chunks_holes_as_holes_and_the_end_is_confirmed(upload: Upload) -> None:
    def send() -> None:
        upload.stream.write(b"x" * (STREAM_CHUNK + 5))
        upload.stream.hole(1 << 40)
        upload.stream.finish()

    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(send)
        frames = [upload.peer.receive() for _ in range(4)]
        assert not sent.done()
        upload.daemon_sends(pack_stream(upload.header, status=Status.OK))
        sent.result(30)
    assert [frame.header.type for frame in frames] == [
        MessageType.STREAM, MessageType.STREAM, MessageType.STREAM_HOLE, MessageType.STREAM,
    ]  # fmt: skip
    assert [len(frame.payload) for frame in frames[:2]] == [STREAM_CHUNK, 5]
    assert stream_hole.decode(frames[2].payload).length == 1 << 40
    assert frames[3].header.status == Status.OK
    assert {frame.header.serial for frame in frames} == {upload.header.serial}


def test_data_and_holes_are_read_until_the_empty_piece(upload: Upload) -> None:
    upload.daemon_sends(pack_stream(upload.header, b"data"), pack_hole(upload.header, 4096), pack_stream(upload.header))
    assert list(upload.stream) == [b"data", Hole(4096)]
    assert upload.stream.read() == b""


def test_what_was_on_its_way_is_dropped_by_an_abort(upload: Upload) -> None:
    upload.daemon_sends(pack_stream(upload.header, b"data"), pack_stream(upload.header, status=Status.OK))
    upload.stream.abort()
    assert upload.peer.receive().header.status == Status.ERROR
    assert upload.stream.read() == b""


def test_the_daemons_error_ends_the_stream_for_good(upload: Upload) -> None:
    upload.daemon_sends(pack_error(upload.header, ERROR, MessageType.STREAM))
    with pytest.raises(VirtError, match="it broke"):
        upload.stream.finish()
    for action in (upload.stream.finish, lambda: upload.stream.write(b"x"), lambda: upload.stream.hole(1)):
        with pytest.raises(VirtError, match="the stream is over"):
            action()
    upload.stream.abort()


def test_every_wait_has_the_calls_deadline(peer: Peer) -> None:
    transport = peer.transport()
    waiting = transport.begin(remote.PROGRAM, UPLOAD, (VOLUME, 0, 0, 0))
    with pytest.raises(DeadlineMissed):
        ClientStream(transport, waiting, deadline=0.01).read()
    transport.close()


def test_frames_of_a_stream_that_is_over_disturb_nothing(upload: Upload) -> None:
    upload.daemon_sends(pack_stream(upload.header, status=Status.OK))
    upload.stream.finish()
    upload.daemon_sends(pack_stream(upload.header, b"late"), pack(upload.header._replace(type=3, status=1), b"\xff"))
    upload.peer.receive()
    upload.peer.ping()
    assert upload.peer.receive().header.prog != upload.header.prog  # the answer to the ping: it still reads
