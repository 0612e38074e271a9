"""What the tests of the locks share: managers in each mode, and threads that are led step by step."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from unwatched import join, wait
from virtloom.locks import Checker, Guarded, Level, LockManager, ObjectType

PATIENCE = float(os.environ.get("VIRTLOOM_TEST_PATIENCE", "10"))  # seconds after which a test that waits has failed

DOMAIN = ObjectType("domain", key="uuid")
POOL = ObjectType("pool", key="uuid")


class State:
    """The state of an object under test."""

    def __init__(self) -> None:
        self.count = 0
        self.names: list[str] = []

    def increment(self) -> int:
        """Change in two steps, so that a lost exclusion shows."""
        before = self.count
        self.count = before + 1
        return self.count

    def numbers(self) -> Iterator[int]:
        """Something lazy that reads the state late."""
        yield from range(self.count)


class Crew:
    """Threads of one test: each failure is raised again by `join`."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []

    def start(self, work: Callable[..., object], *arguments: Any, name: str | None = None) -> threading.Thread:
        """Run work in a thread of its own."""

        def run() -> None:
            try:
                work(*arguments)
            except BaseException as error:
                self._errors.append(error)

        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def join(self) -> None:
        """Wait for all threads; their first error is raised here."""
        for thread in self._threads:
            join(thread, PATIENCE)
            assert not thread.is_alive(), f"{thread.name} hangs"
        self._threads.clear()
        if self._errors:
            raise self._errors.pop(0)


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds that another thread is about to make true."""
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        wait(pause, 0.0005)


class Workshop:
    """A lock manager in one mode, with an object, another, and a driver's lock."""

    def __init__(self, mode: str, **options: Any) -> None:
        self.checker = Checker(mode)
        self.manager = LockManager("test", self.checker, [DOMAIN, POOL], **options)
        self.driver = self.manager.lock("domains", Level.DRIVER)
        self.leaf = self.manager.lock("events", Level.LEAF)
        self.domain: Guarded[State] = self.manager.guard(DOMAIN, b"\x01" * 16, State())
        self.other: Guarded[State] = self.manager.guard(DOMAIN, b"\x02" * 16, State())

    @property
    def broken(self) -> list[str]:
        """The names of the rules that were broken so far."""
        return [finding.rule.name for finding in self.checker.findings]


@pytest.fixture
def crew() -> Iterator[Crew]:
    """Threads that must have ended when the test ends."""
    made = Crew()
    yield made
    made.join()


@pytest.fixture(name="until")
def until_fixture() -> Callable[[Callable[[], bool]], None]:
    """`until`, for tests, which cannot import this file."""
    return until


@pytest.fixture
def workshop() -> Callable[..., Workshop]:
    """Makes a workshop in a mode."""
    return Workshop


@pytest.fixture
def recording() -> Workshop:
    """A workshop that writes down what it finds."""
    return Workshop("record")


@pytest.fixture
def enforcing() -> Workshop:
    """A workshop that raises what it finds."""
    return Workshop("enforce")
