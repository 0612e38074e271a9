"""What sleeps under a lock, and what waits without a deadline in a call, is told at the line that does it."""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from virtloom.locks import LockViolation, Rule, might_sleep
from virtloom.locks.checking.sleeping import SLEEPERS


def received() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(1)
        theirs.send(b"x")
        ours.recv(1)


def flushed() -> None:
    descriptor = os.open(Path(__file__).parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


SLEEPING: dict[str, Callable[[], object]] = {
    "time.sleep": lambda: time.sleep(0.001),
    "os.fsync": flushed,
    "socket.socket.send": received,
    "threading.Event.wait": lambda: threading.Event().wait(0.001),
    "threading.Thread.join": lambda: threading.current_thread() and threading.Thread().join(0.001),
    "queue.Queue.get": lambda: queue.Queue[int]().get(timeout=0.001),
    "concurrent.futures.Future.result": lambda: Future[int]().result(0.001),
}
ENDLESS: dict[str, Callable[[], object]] = {
    "threading.Event.wait": lambda: threading.Event().wait(),
    "queue.Queue.get": lambda: queue.Queue[int]().get(),
    "concurrent.futures.Future.result": lambda: Future[int]().result(),
    "subprocess.run": lambda: subprocess.run(["true"], check=True),
}


@pytest.mark.parametrize("what", SLEEPING)
def test_sleeping_under_an_objects_lock_is_told(enforcing: Any, what: str) -> None:
    with pytest.raises(LockViolation, match=f"{what} under domain ") as caught, enforcing.domain.locked():
        SLEEPING[what]()
    assert caught.value.rule is Rule.BLOCKING
    finding = enforcing.checker.findings[0]
    assert finding.stack[0].file == __file__
    assert finding.other is not None
    assert finding.other.file == __file__


@pytest.mark.parametrize("what", ENDLESS)
def test_waiting_without_a_deadline_in_a_call_is_told(enforcing: Any, what: str) -> None:
    with (
        pytest.raises(LockViolation, match=f"{what} has no deadline, in virDomainSave") as caught,
        enforcing.manager.calling("virDomainSave", "7"),
    ):
        ENDLESS[what]()
    assert caught.value.rule is Rule.NO_DEADLINE
    assert enforcing.checker.findings[0].client == "7"


def test_waiting_with_a_deadline_or_outside_of_calls_is_fine(enforcing: Any) -> None:
    with enforcing.manager.calling("virDomainSave"):
        threading.Event().wait(0.001)
        thread = threading.Thread(target=lambda: None)
        thread.start()  # which waits inside, as the library does
        thread.join(10)
    done = threading.Event()
    done.set()
    done.wait()
    assert enforcing.broken == []


def test_what_does_not_sleep_is_allowed_under_a_lock(enforcing: Any) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, enforcing.domain.locked():
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            ours.recv(1)
        threading.Event().wait(0)
    assert enforcing.broken == []


def test_a_lock_of_another_level_may_be_held_while_sleeping(enforcing: Any) -> None:
    with enforcing.leaf:
        time.sleep(0.001)
    assert enforcing.broken == []


def test_a_driver_declares_what_the_list_does_not_know(recording: Any) -> None:
    with recording.domain.locked():
        might_sleep("the monitor's command query-status")
    with recording.manager.calling("virDomainSave"):
        might_sleep("the monitor's command query-status", deadline=5)
        might_sleep("the monitor's command stop", deadline=None)
    details = [(finding.rule, finding.detail.split(" under ")[0]) for finding in recording.checker.findings]
    assert details == [
        (Rule.BLOCKING, "the monitor's command query-status"),
        (Rule.NO_DEADLINE, "the monitor's command stop has no deadline, in virDomainSave"),
    ]


def test_each_declared_function_is_there() -> None:
    for sleeper in SLEEPERS:
        owner: Any = __import__(sleeper.module, fromlist=["*"])
        assert callable(getattr(getattr(owner, sleeper.owner) if sleeper.owner else owner, sleeper.name)), str(sleeper)
