"""Resident memory (VmRSS): of an empty daemon, with 10,000 guests, with 5,000 clients that do nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from benchmarks.clients.loads import Population
from benchmarks.clients.rawclient import RawClient
from benchmarks.report.results import Row, Tell
from benchmarks.targets import Target, allow_descriptors, libvirtd, virtloomd

CLIENTS = 5_000
SETTLE = 1.0  # seconds after which nothing changes any more
CONFIG = """
[server]
max_clients = 20000
max_anonymous_clients = 2000
"""

Closing = Callable[[], object]


def _nobody(target: Target) -> Sequence[Closing]:
    return [RawClient(target.socket).close]


def _guests(target: Target) -> Sequence[Closing]:
    return [Population(10_000).settle(target).close]


def _clients(target: Target) -> Sequence[Closing]:
    return [RawClient(target.socket).close for _ in range(CLIENTS)]


# What there is when the memory is read, and the most that it may be of libvirtd's.
STATES: dict[str, tuple[Callable[[Target], Sequence[Closing]], float]] = {
    "empty": (_nobody, 2.0),
    "10,000 guests": (_guests, 1.0),
    "5,000 idle clients": (_clients, 1.0),
}


def measure(tell: Tell, only: str = "") -> None:
    """Measure all states, or those whose name contains `only`."""
    allow_descriptors()
    for name, (settle, goal) in STATES.items():
        if only in name:
            with virtloomd(CONFIG) as ours:
                mine = _resident(ours, settle)
            with libvirtd() as theirs:
                other = None if theirs is None else _resident(theirs, settle)
            tell(Row(name, 0, "MiB", mine, other, goal, less=True))


def _resident(target: Target, settle: Callable[[Target], Sequence[Closing]]) -> float:
    with ExitStack() as stack:
        for close in settle(target):
            stack.callback(close)
        time.sleep(SETTLE)
        return target.resident_mib
