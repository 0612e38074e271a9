"""How long single calls take: what somebody notices who watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median, quantiles
from typing import NamedTuple

from benchmarks.report.results import Row

P99_GOAL = 2.0  # times what it was before
PAUSE = 0.002  # seconds between calls, as somebody has who watches

Call = Callable[[], object]


class Latency(NamedTuple):
    """Seconds that calls of one kind took."""

    p50: float
    p99: float


def timed(call: Call) -> float:
    """The seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def latencies(calls: Mapping[str, Call], seconds: float) -> dict[str, Latency]:
    """Make calls of each kind in turn, for some seconds."""
    taken: dict[str, list[float]] = {kind: [] for kind in calls}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for kind, call in calls.items():
            taken[kind].append(timed(call))
        time.sleep(PAUSE)
    return {kind: Latency(median(times), quantiles(times, n=100)[-1]) for kind, times in taken.items()}


def p99_row(load: str, connections: int, before: Sequence[Latency], during: Sequence[Latency]) -> Row:
    """The slowest calls while others are stuck, beside what they took before: medians over rounds."""
    early, late = (median(one.p99 for one in measured) * 1e6 for measured in (before, during))
    return Row(load, connections, "us", late, early, P99_GOAL, less=True, beside="before")
