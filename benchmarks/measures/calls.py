"""Calls per second, against both daemons in turn, from a load generator that is not the bottleneck."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import groupby
from typing import NamedTuple

from benchmarks.clients import generator
from benchmarks.clients.loads import LOADS, Load
from benchmarks.report.results import Row, Tell
from benchmarks.targets import Target, libvirtd, virtloomd

SECONDS = 0.5
ROUNDS = 5


class Round(NamedTuple):
    """One daemon's answers a second, the processor time of each in microseconds, and the latency of 99 of 100."""

    rate: float
    processor: float
    p99: float


def compare(load: Load, connections: int, targets: Sequence[Target]) -> Row:
    """A load against each daemon in turn, some rounds long."""
    ours, *others = rounds(load, connections, targets)
    theirs = others[0] if others else None
    return Row(
        load.name,
        connections,
        "calls/s",
        ours.rate,
        theirs and theirs.rate,
        load.goal,
        processor=ours.processor,
        beside_processor=theirs and theirs.processor,
        p99=ours.p99,
        beside_p99=theirs and theirs.p99,
    )


def rounds(load: Load, connections: int, targets: Sequence[Target]) -> list[Round]:
    """The medians of some rounds against each daemon, which take turns."""
    frames = [load.frames(number) for number in range(connections)]
    turns = [[_round(target, frames) for target in targets] for _ in range(ROUNDS)]
    return [Round(*map(statistics.median, zip(*measured, strict=True))) for measured in zip(*turns, strict=True)]


def _round(target: Target, frames: Sequence[Sequence[bytes]]) -> Round:
    before = target.processor_seconds
    run = generator.run(target, SECONDS, frames)
    return Round(run.rate, (target.processor_seconds - before) / run.calls * 1e6, run.p99)


def measure(tell: Tell, only: str = "") -> None:
    """Measure every load, or those whose name contains `only`."""
    for population, loads in groupby((load for load in LOADS if only in load.name), lambda load: load.population):
        with ExitStack() as stack:
            daemons = (stack.enter_context(virtloomd()), stack.enter_context(libvirtd()))
            targets = [daemon for daemon in daemons if daemon is not None]
            for target in targets:
                stack.callback(population.settle(target).close)
            for load in loads:
                for connections in load.connections:
                    tell(compare(load, connections, targets))
