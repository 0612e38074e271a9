"""Taking and releasing a lock that nobody else wants, in each checking mode, beside a bare `threading.Lock`.

The fastest of many short rounds counts, as with `timeit`: what is slower was disturbed by others on the machine.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from benchmarks.report.results import Row, Tell
from virtloom.locks import Checker, Deadlock, Guarded, JobKind, Level, LockManager, Mode, ObjectType

TURNS = 2_000
ROUNDS = 200
DEADLOCKS = 9
BARE = "a bare threading.Lock"
ALLOWED = {"off": 0.3e-6, "record": 2e-6}  # seconds that taking a lock may cost over the bare one
BREAK_WITHIN = 1.0  # seconds after which a deadlock is to be broken
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
    """Measure all ways in turn, many rounds long, and how soon a deadlock is broken."""
    measures = _measures()
    rounds = [{name: turns() for name, turns in measures.items()} for _ in range(ROUNDS)]
    seconds = {name: min(one[name] for one in rounds) for name in measures}
    bare = seconds.pop(BARE)
    for name, taken in seconds.items():
        allowed = ALLOWED.get(name.partition(":")[0])
        goal = None if allowed is None else round((bare + allowed) / bare, 1)
        tell(Row(name, 0, "us", taken * 1e6, bare * 1e6, goal, less=True, beside=BARE))
    waited = statistics.median(deadlock() for _ in range(DEADLOCKS))
    tell(Row("a deadlock of two is broken", 0, "s", waited, BREAK_WITHIN, 1.0, less=True, beside="what is promised"))


def deadlock() -> float:
    """Seconds from when two threads wait for each other's objects until one of them is told."""
    manager = LockManager("bench", Checker(Mode.RECORD), [DOMAIN])
    objects = [manager.guard(DOMAIN, name, None) for name in ("one", "other")]
    both, told = threading.Barrier(2), list[float]()

    def walk(place: int) -> None:
        with objects[place].job(JobKind.MODIFY):
            both.wait()
            began = time.perf_counter()
            try:
                with objects[1 - place].job(JobKind.MODIFY):
                    pass
            except Deadlock:
                told.append(time.perf_counter() - began)

    threads = [threading.Thread(target=walk, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told[0]
