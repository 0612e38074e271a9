"""Taking and releasing a lock that nobody else wants, in each checking mode, beside a bare `threading.Lock`."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from benchmarks.report.results import Row, Tell
from virtloom.locks import Checker, Guarded, Level, LockManager, Mode, ObjectType

TURNS = 50_000
ROUNDS = 9
BARE = "a bare threading.Lock"
ALLOWED = 2e-6  # seconds that `record` may cost over the bare lock
DOMAIN = ObjectType("domain", key="uuid")


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
    found: dict[str, Callable[[], float]] = {BARE: lambda: _lock_turns(bare)}
    for mode in Mode:
        manager = LockManager("bench", Checker(mode), [DOMAIN])
        lock = manager.lock("domains", Level.DRIVER)
        obj: Guarded[dict[str, int]] = manager.guard(DOMAIN, "bench", {})
        found[f"{mode.value}: lock"] = lambda lock=lock: _lock_turns(lock)  # type: ignore[misc]
        found[f"{mode.value}: obj.locked()"] = lambda obj=obj: _turns(obj.locked)  # type: ignore[misc]
    return found


def measure(tell: Tell, only: str = "") -> None:
    """Measure all ways in turn, some rounds long."""
    measures = _measures()
    rounds = [{name: turns() for name, turns in measures.items()} for _ in range(ROUNDS)]
    seconds = {name: statistics.median(one[name] for one in rounds) for name in measures}
    bare = seconds.pop(BARE)
    for name, taken in seconds.items():
        goal = (bare + ALLOWED) / bare if name == "record: lock" else None
        tell(Row(name, 0, "us", taken * 1e6, bare * 1e6, goal and round(goal, 1), less=True, beside=BARE))
