"""Seconds from a daemon's start to its first answer: with nothing, and with 10,000 definitions.

The first answer is the library's version on a connection that was opened; the client tries every 2 ms to connect.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.clients import frames
from benchmarks.clients.rawclient import RawClient
from benchmarks.report.results import Row, Tell
from benchmarks.targets import Target, libvirtd, starting_virtloomd

ROUNDS = 5
GUESTS = 10_000
WITHIN = 60.0  # seconds for an answer

Start = Callable[[], AbstractContextManager[Target | None]]


class Started(NamedTuple):
    """One start.

    :ivar seconds: to the first answer.
    :ivar processor: seconds of processor time until then.
    """

    seconds: float
    processor: float


def measure(tell: Tell, only: str = "") -> None:
    """Measure both kinds of start."""
    if only in "empty":
        tell(_compared("empty", frames.URI, ROUNDS, 1.5))
    if only in "10,000 definitions":
        with tempfile.TemporaryDirectory(prefix="vlb-") as folder:
            host = Path(folder) / "host.xml"
            host.write_text(f"<node>{''.join(frames.domain_xml(number) for number in range(GUESTS))}</node>")
            tell(_compared("a described host of 10,000 guests", f"test://{host}", 3, 1.0))


def _compared(load: str, uri: str, rounds: int, goal: float) -> Row:
    starts: tuple[Start, Start] = (starting_virtloomd, libvirtd)
    measured = [[_started(start, uri) for start in starts] for _ in range(rounds)]
    ours, theirs = ([one for one in column if one is not None] for column in zip(*measured, strict=True))
    return Row(
        load,
        0,
        "ms",
        median(one.seconds for one in ours) * 1e3,
        median(one.seconds for one in theirs) * 1e3 if theirs else None,
        goal,
        less=True,
        processor=median(one.processor for one in ours) * 1e6,
        beside_processor=median(one.processor for one in theirs) * 1e6 if theirs else None,
    )


def _started(start: Start, uri: str) -> Started | None:
    began = time.perf_counter()
    with start() as target:
        if target is None:
            return None
        with closing(RawClient(target.socket, WITHIN, uri)) as client:
            client.call("connect_get_lib_version")
            return Started(time.perf_counter() - began, target.processor_seconds)
