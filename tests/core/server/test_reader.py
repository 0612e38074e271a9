"""The reader's loop: sockets, tasks and timers on one thread."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from queue import SimpleQueue

import pytest

from virtloom.locks import LockManager
from virtloom.server.reader import READ, WRITE, Reader
from virtloom.server.workers import Crew


@pytest.fixture
def reader(locks: LockManager) -> Iterator[Reader]:
    reader = Reader("loop", locks, Crew("nobody", locks, 0, 0, 0))
    reader.start()
    yield reader
    assert reader.stop(5)


def test_everything_runs_on_the_readers_thread(reader: Reader) -> None:
    names: SimpleQueue[str] = SimpleQueue()

    def note() -> None:
        names.put(threading.current_thread().name)

    reader.soon(note)
    reader.soon(lambda: reader.at(time.monotonic(), note))
    first = names.get(timeout=5)
    assert first.startswith("loop-")
    assert names.get(timeout=5) == first


def test_tasks_run_in_order_and_one_that_fails_harms_no_other(reader: Reader) -> None:
    done: SimpleQueue[int] = SimpleQueue()

    def task(number: int) -> None:
        done.put(number if number != 500 else 1 // 0)

    for number in range(1000):
        reader.soon(partial(task, number))
    assert [done.get(timeout=5) for _ in range(999)] == [number for number in range(1000) if number != 500]


def test_timers_ring_in_the_order_of_their_times(reader: Reader) -> None:
    rung: SimpleQueue[int] = SimpleQueue()
    now = time.monotonic()

    def set_them() -> None:
        for delay in (3, 1, 2):
            reader.at(now + delay / 100, partial(rung.put, delay))

    reader.soon(set_them)
    assert [rung.get(timeout=5) for _ in range(3)] == [1, 2, 3]
    assert time.monotonic() >= now + 0.03


def test_a_descriptor_is_watched_for_what_it_was_armed_for(reader: Reader) -> None:
    ours, theirs = socket.socketpair()
    seen: SimpleQueue[int] = SimpleQueue()

    def ready(events: int) -> None:
        reader.rearm(ours.fileno(), 0)
        seen.put(events)

    reader.watch(ours.fileno(), ready)
    theirs.send(b"x")
    assert seen.get(timeout=5) & READ
    reader.rearm(ours.fileno(), WRITE)
    assert seen.get(timeout=5) == WRITE
    reader.soon(lambda: reader.unwatch(ours.fileno()))
    assert reader.flush(5)
    theirs.send(b"x")
    assert reader.flush(5)
    assert seen.empty()
    ours.close()
    theirs.close()


def test_what_was_asked_for_before_the_end_is_done_and_what_is_asked_after_it_is_not(locks: LockManager) -> None:
    reader = Reader("loop", locks, Crew("nobody", locks, 0, 0, 0))
    done: list[str] = []
    reader.soon(lambda: done.append("before the start"))
    assert reader.flush(5)
    reader.start()
    reader.soon(lambda: done.append("before the end"))
    assert reader.stop(5)
    reader.soon(lambda: done.append("after the end"))
    assert reader.flush(5)
    assert done == ["before the start", "before the end"]


def test_an_alarm_that_came_before_the_understudy_slept_does_not_shorten_its_next_nap(locks: LockManager) -> None:
    reader = Reader("loop", locks, Crew("nobody", locks, 0, 0, 0))

    class SeenAtOnce(list[None]):
        def append(self, token: None) -> None:
            super().append(token)
            reader.begin_call("a call")

    reader._dozing = SeenAtOnce()
    reader._doze()
    assert reader._alarm.empty()
    assert reader.stop(5)
