"""How long single calls take: what somebody notices who watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median, quantiles
from typing import NamedTuple

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


def p99_ratio(before: Sequence[Latency], during: Sequence[Latency]) -> float:
    """How much longer the slowest calls take than before: the median over rounds."""
    return median(late.p99 / early.p99 for early, late in zip(before, during, strict=True))


def shown(measured: Sequence[Latency]) -> str:
    """Medians over rounds, in microseconds."""
    p50, p99 = (median(times) * 1e6 for times in zip(*measured, strict=True))
    return f"p50 {p50:5.0f} us, p99 {p99:6.0f} us"
