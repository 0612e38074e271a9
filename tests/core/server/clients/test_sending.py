"""The send queue alone: whole frames in order through a socket that takes little at a time."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from queue import SimpleQueue

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from virtloom.server.clients.sending import SendQueue

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(5)
    yield ours, theirs
    ours.close()
    theirs.close()


def read(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += sock.recv(size - len(data))
    return data


def test_a_frame_that_goes_out_at_once_leaves_nothing_behind(pair: Pair) -> None:
    queue, credit = SendQueue(pair[0]), SimpleQueue[bool]()
    assert queue.put(b"frame", credit=credit)
    assert not queue
    assert credit.get_nowait()
    assert pair[1].recv(100) == b"frame"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 400_000), min_size=1, max_size=12))
def test_whatever_the_sizes_every_byte_arrives_once_and_in_order(sizes: list[int]) -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        queue = SendQueue(ours)
        frames = [bytes([number]) * size for number, size in enumerate(sizes)]
        for frame in frames:
            queue.put(frame)
        received = b""
        while len(received) < sum(sizes):
            received += theirs.recv(1 << 16)
            queue.flush()
        assert received == b"".join(frames)
        assert queue.flush()
        assert (queue.size, queue.events) == (0, 0)


def test_size_and_events_count_what_waits(pair: Pair) -> None:
    queue = SendQueue(pair[0])
    assert not queue.put(b"x" * 1_000_000)
    before = queue.size
    assert 0 < before < 1_000_000
    queue.put(b"event", event=True)
    assert (queue.size, queue.events) == (before + 5, 1)
    while not queue.flush():
        pair[1].recv(1 << 16)
    assert (queue.size, queue.events) == (0, 0)


def test_descriptors_come_after_their_frame_each_on_a_zero_byte_and_are_closed_here(pair: Pair) -> None:
    queue = SendQueue(pair[0])
    big = b"x" * 1_000_000
    ours = [os.memfd_create("a"), os.memfd_create("b")]
    assert not queue.put(big, ours)
    queue.put(b"next")
    received = b""
    while len(received) < len(big):
        queue.flush()
        received += pair[1].recv(min(1 << 16, len(big) - len(received)))
    queue.flush()
    for _ in range(2):
        data, fds, _, _ = socket.recv_fds(pair[1], 1, 1)
        assert (data, len(fds)) == (b"\0", 1)
        os.close(fds[0])
    assert read(pair[1], 4) == b"next"
    for fd in ours:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)


def test_clearing_closes_descriptors_and_gives_credits(pair: Pair) -> None:
    queue, credit, fd = SendQueue(pair[0]), SimpleQueue[bool](), os.memfd_create("a")
    queue.put(b"x" * 1_000_000, credit=credit)
    queue.put(b"next", [fd])
    queue.clear()
    assert credit.get_nowait()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_a_broken_connection_is_told_and_its_descriptors_are_closed(pair: Pair) -> None:
    queue, fd = SendQueue(pair[0]), os.memfd_create("a")
    pair[1].close()
    with pytest.raises(BrokenPipeError):
        queue.put(b"frame", [fd])
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)
