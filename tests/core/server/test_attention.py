"""Who calls back to back finds the reader awake; nobody else does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtloom.server import attention as module
from virtloom.server.attention import SOON, STEADY, Attention, Ready

LATE = 2 * SOON


class World:
    """Clients that call at known times, and a clock that goes on as it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[tuple[float, int]] = []
        self.timeouts: list[float | None] = []

    def monotonic(self) -> float:
        self.now += SOON / 100
        return self.now

    def poll(self, timeout: float | None) -> Ready:
        self.timeouts.append(timeout)
        if timeout != 0 and self.calls:
            self.now = max(self.now, self.calls[0][0])
        ready = [(fd, 1) for when, fd in self.calls if when <= self.now]
        self.calls = [(when, fd) for when, fd in self.calls if when > self.now]
        return ready


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(module, "time", made)
    return made


@pytest.fixture
def call(world: World) -> Callable[..., bool]:
    """Has clients call after a while; whether that was waited for awake."""
    attention = Attention(world.poll)

    def call(after: float, *clients: int) -> bool:
        world.timeouts.clear()
        world.calls = [(world.now + after, fd) for fd in clients]
        assert [fd for fd, _ in attention.wait(None)] == list(clients)
        return None not in world.timeouts

    return call


def steady(call: Callable[..., bool], client: int) -> int:
    """Have a client call until it is waited for awake; how often it was slept for."""
    return next(slept for slept in range(2 * STEADY) if call(SOON / 2, client))


def test_one_that_calls_often_is_waited_for_awake(call: Callable[..., bool]) -> None:
    steady(call, 7)
    assert all(call(SOON / 2, 7) for _ in range(10))


@pytest.mark.parametrize(
    ("after", "clients"),
    [(LATE, (7,)), (SOON / 2, (8,)), (SOON / 2, (7, 8))],
    ids=["late", "another", "two at once"],
)
def test_it_is_to_be_earned_anew_after(call: Callable[..., bool], after: float, clients: tuple[int, ...]) -> None:
    steady(call, 7)
    call(after, *clients)
    assert steady(call, 7) >= STEADY


def test_one_that_calls_seldom_is_slept_for(call: Callable[..., bool]) -> None:
    assert not any(call(LATE, 7) for _ in range(3 * STEADY))


def test_in_turns_two_clients_are_slept_for(call: Callable[..., bool]) -> None:
    assert not any(call(SOON / 4, number % 2) for number in range(3 * STEADY))


def test_a_timeout_ends_the_wait(world: World) -> None:
    assert not Attention(world.poll).wait(0.5)
    assert world.timeouts == [0.5]
