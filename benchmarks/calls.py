"""Calls per second, against both daemons in turn, from a load generator that is not the bottleneck."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import groupby
from typing import NamedTuple

from benchmarks import generator
from benchmarks.generator import Measured
from benchmarks.loads import LOADS, Load
from benchmarks.targets import Target, libvirtd, virtloomd

SECONDS = 0.5
ROUNDS = 5


class Figure(NamedTuple):
    """One load's medians.

    :ivar ours: theirs: answers a second; theirs is None without a libvirtd.
    """

    name: str
    connections: int
    ours: float
    theirs: float | None
    p99_ours: float
    p99_theirs: float | None
    goal: float

    @property
    def ratio(self) -> float | None:
        """Our rate to theirs."""
        return None if not self.theirs else self.ours / self.theirs

    def __str__(self) -> str:
        compared = "" if self.ratio is None else f"  libvirtd {self.theirs:9.0f}/s  ratio {self.ratio:5.2f}"
        return f"{self.name:28} x{self.connections:<3} virtloomd {self.ours:9.0f}/s{compared}  goal {self.goal}"


def compare(load: Load, connections: int, targets: Sequence[Target]) -> Figure:
    """A load against each daemon in turn, some rounds long."""
    frames = [load.frames(number) for number in range(connections)]
    rounds: list[list[Measured]] = [
        [generator.run(target, SECONDS, frames) for target in targets] for _ in range(ROUNDS)
    ]
    rates = [statistics.median(run.rate for run in runs) for runs in zip(*rounds, strict=True)]
    slowest = [statistics.median(run.p99 for run in runs) for runs in zip(*rounds, strict=True)]
    theirs, p99_theirs = (rates[1], slowest[1]) if len(targets) > 1 else (None, None)
    return Figure(load.name, connections, rates[0], theirs, slowest[0], p99_theirs, load.goal)


def main(only: str = "") -> list[Figure]:
    """Measure every load, or those whose name contains `only`; prints each figure as it is known."""
    figures = []
    for population, loads in groupby((load for load in LOADS if only in load.name), lambda load: load.population):
        with ExitStack() as stack:
            daemons = (stack.enter_context(virtloomd()), stack.enter_context(libvirtd()))
            targets = [daemon for daemon in daemons if daemon is not None]
            for target in targets:
                stack.callback(population.settle(target).close)
            for load in loads:
                for connections in load.connections:
                    figures.append(compare(load, connections, targets))
                    print(figures[-1], flush=True)
    return figures
