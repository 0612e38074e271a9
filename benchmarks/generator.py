"""Running the load generator, `loadgen.c`, which is compiled when it is first needed."""

from __future__ import annotations

import json
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from benchmarks import frames
from benchmarks.targets import Target

SOURCE = Path(__file__).with_name("loadgen.c")


class Measured(NamedTuple):
    """What one run of a load gave; latencies are in microseconds."""

    calls: int
    seconds: float
    errors: int
    p50: float
    p99: float
    max: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.calls / self.seconds


@cache
def program() -> Path:
    """The compiled generator.

    :raises RuntimeError: if there is no C compiler.
    """
    made = Path(tempfile.gettempdir()) / f"virtloom-loadgen-{SOURCE.stat().st_mtime_ns}"
    if not made.exists():
        try:
            subprocess.run(["cc", "-O2", "-Wall", "-o", str(made), str(SOURCE)], check=True)
        except FileNotFoundError:
            raise RuntimeError(
                "the load generator needs a C compiler; on Debian: apt-get install gcc libc6-dev"
            ) from None
    return made


def run(target: Target, seconds: float, connections: Sequence[Sequence[bytes]]) -> Measured:
    """Load a daemon.

    :param connections: for each connection the frames that it repeats; it is opened before.
    :raises RuntimeError: if answers were errors; one a connection is allowed, since a run before may have ended between
        a start and its destroy.
    """
    opening = frames.opening()
    script = [struct.pack(">I", len(connections))]
    for repeated in connections:
        script += [struct.pack(">II", len(opening), len(repeated)), *opening, *repeated]
    command = [str(program()), str(target.socket), str(seconds)]
    done = subprocess.run(command, input=b"".join(script), stdout=subprocess.PIPE, check=True)
    measured = Measured(**json.loads(done.stdout))
    if measured.errors > len(connections):
        raise RuntimeError(f"{target.name} answered {measured.errors} of {measured.calls} calls with an error")
    return measured
