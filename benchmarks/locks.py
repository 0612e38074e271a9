"""Taking and releasing a lock that nobody else wants, in each checking mode, beside a bare `threading.Lock`."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from virtloom.locks import Checker, Guarded, Level, LockManager, Mode, ObjectType

TURNS = 50_000
ROUNDS = 9
DOMAIN = ObjectType("domain", key="uuid")


class Figure(NamedTuple):
    """What one way of locking costs.

    :ivar seconds: a turn, acquire and release.
    :ivar bare: a turn of a bare lock, measured in the same rounds.
    """

    name: str
    seconds: float
    bare: float

    def __str__(self) -> str:
        over = (self.seconds - self.bare) * 1e6
        return f"{self.name:24} {self.seconds * 1e6:6.3f} us   {over:+6.3f} us over the bare lock"


def _turns(make: Callable[[], AbstractContextManager[Any]]) -> float:
    begun = time.perf_counter()
    for _ in range(TURNS):
        with make():
            pass
    return (time.perf_counter() - begun) / TURNS


def _lock_turns(lock: AbstractContextManager[Any]) -> float:
    begun = time.perf_counter()
    for _ in range(TURNS):
        with lock:
            pass
    return (time.perf_counter() - begun) / TURNS


def _measures() -> dict[str, Callable[[], float]]:
    bare = threading.Lock()
    found: dict[str, Callable[[], float]] = {"bare threading.Lock": lambda: _lock_turns(bare)}
    for mode in Mode:
        manager = LockManager("bench", Checker(mode), [DOMAIN])
        lock = manager.lock("domains", Level.DRIVER)
        obj: Guarded[dict[str, int]] = manager.guard(DOMAIN, "bench", {})
        found[f"{mode.value}: lock"] = lambda lock=lock: _lock_turns(lock)  # type: ignore[misc]
        found[f"{mode.value}: obj.locked()"] = lambda obj=obj: _turns(obj.locked)  # type: ignore[misc]
    return found


def main() -> list[Figure]:
    """Measure all ways in turn, some rounds long; prints and returns the medians."""
    measures = _measures()
    rounds = [{name: measure() for name, measure in measures.items()} for _ in range(ROUNDS)]
    medians = {name: statistics.median(one[name] for one in rounds) for name in measures}
    bare = next(iter(medians.values()))
    figures = [Figure(name, seconds, bare) for name, seconds in medians.items()]
    for figure in figures:
        print(figure, flush=True)
    return figures


if __name__ == "__main__":
    main()
