"""Frames over a socket: whole, with their descriptors, and never waited for without an end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from peer import HOSTNAME, Peer

from virtloom.client import ConnectionLost, DeadlineMissed, FrameSocket
from virtloom.wire import remote
from virtloom.wire.frames import pack_call
from virtloom.wire.message import FRAME_MIN, Header

CALL = pack_call(remote.PROGRAM, HOSTNAME, 7)
HEADER = Header(remote.PROGRAM.number, 1, HOSTNAME.number, 0, 7, 0)


def test_frames_sent_in_pieces_or_together_arrive_one_by_one(peer: Peer) -> None:
    pair = [CALL[:10], CALL[10:] + CALL]
    for piece in pair:
        peer.frames.send_frame(piece)
    assert [peer.client.recv_frame().frame.header for _ in range(2)] == [HEADER, HEADER]


def test_descriptors_arrive_with_the_frame_that_they_were_sent_with(peer: Peer) -> None:
    pipes = [os.pipe() for _ in range(3)]
    for reader, writer in pipes:
        os.write(writer, str(writer).encode())
        os.close(writer)
        peer.reply(HEADER, HOSTNAME, ("first",), [reader, reader] if reader == pipes[0][0] else [reader])
        os.close(reader)
    received = [peer.client.recv_frame() for _ in pipes]
    assert [len(one.fds) for one in received] == [2, 1, 1]
    assert [os.read(one.fds[0], 10) for one in received] == [str(writer).encode() for _, writer in pipes]
    for one in received:
        for fd in one.fds:
            os.close(fd)


def test_descriptors_that_nobody_took_are_closed_with_the_socket(peer: Peer) -> None:
    reader, writer = os.pipe()
    peer.reply(HEADER, HOSTNAME, ("here",), [writer])
    peer.reply(HEADER, HOSTNAME, ("here",))
    os.close(writer)
    held = peer.client.recv_frame().fds
    peer.client.close()
    for fd in held:
        os.close(fd)
    assert os.read(reader, 1) == b""  # the pipe's last writer is gone
    os.close(reader)


def test_a_wait_for_a_frame_has_a_deadline(peer: Peer) -> None:
    with pytest.raises(DeadlineMissed, match=r"no frame from the daemon within 0\.01 s"):
        peer.client.recv_frame(0.01)


def test_a_daemon_that_does_not_read_is_given_up() -> None:
    peer = Peer(deadline=0.05)
    with pytest.raises(ConnectionLost, match="the daemon is gone: it does not read"):
        peer.client.send_frame(b"\0" * (8 << 20))
    with pytest.raises(ConnectionLost):
        peer.client.send_frame(CALL)
    peer.client.close()
    peer.close()


@pytest.mark.parametrize("length", [0, FRAME_MIN - 1, 1 << 31])
def test_what_is_no_frame_ends_the_connection(peer: Peer, length: int) -> None:
    peer.frames.send_frame(length.to_bytes(4) + bytes(24))
    with pytest.raises(ConnectionLost, match=f"the connection broke: a frame's length of {length}"):
        peer.client.recv_frame()


def test_a_daemon_that_goes_away_in_the_middle_of_a_frame_ends_the_connection(peer: Peer) -> None:
    peer.frames.send_frame(CALL[:20])
    peer.close()
    with pytest.raises(ConnectionLost, match="the daemon closed the connection"):
        peer.client.recv_frame()


def test_a_path_where_nobody_listens_is_named() -> None:
    with pytest.raises(ConnectionLost, match="no daemon answers at /nowhere/sock: No such file or directory"):
        FrameSocket.connect(Path("/nowhere/sock"))
