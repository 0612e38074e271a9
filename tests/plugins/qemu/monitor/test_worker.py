"""Events, one after the other, on a thread that is there only while it is needed."""

from __future__ import annotations

import logging
import threading

import pytest

from daemons import eventually
from virtloom.locks import LockManager
from virtloom_qemu.monitor import worker
from virtloom_qemu.monitor.worker import EventWorker


def test_nothing_is_handled_before_the_start_and_then_all_in_order(locks: LockManager) -> None:
    seen: list[int] = []
    made = EventWorker("guest", locks, seen.append)
    for number in range(100):
        made.put(number)
    assert seen == []
    made.start()
    for number in range(100, 200):
        made.put(number)
    eventually(lambda: seen == list(range(200)), "all items in order")
    eventually(lambda: not any(t.name == "events-guest" for t in threading.enumerate()), "the thread's end")


def test_a_failure_is_logged_and_the_next_item_is_handled(locks: LockManager, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[int] = []

    def handle(item: int) -> None:
        if item == 1:
            raise RuntimeError("boom")
        seen.append(item)

    made = EventWorker("guest", locks, handle)
    made.start()
    made.put(1)
    made.put(2)
    eventually(lambda: seen == [2], "the second item")
    assert "could not be dealt with" in caplog.text


def test_a_mad_guest_fills_no_memory(
    locks: LockManager, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BACKLOG", 10)
    seen: list[int] = []
    made = EventWorker("guest", locks, seen.append)
    for number in range(50):
        made.put(number)
    made.put(99, always=True)
    with caplog.at_level(logging.WARNING):
        made.start()
        eventually(lambda: seen == [*range(10), 99], "what was kept")
    assert "40 were dropped" in caplog.text
