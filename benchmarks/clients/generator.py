"""Running the load generator, `loadgen.c`, which is compiled when it is first needed."""

from __future__ import annotations

import json
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from benchmarks.clients import frames
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
    with begun(target, seconds, connections) as running:
        return running()


@contextmanager
def begun(target: Target, seconds: float, connections: Sequence[Sequence[bytes]]) -> Iterator[Callable[[], Measured]]:
    """Load a daemon while a block does something else; what it is given waits for the end, see `run`."""
    opening = frames.opening()
    script = [struct.pack(">I", len(connections))]
    for repeated in connections:
        script += [struct.pack(">II", len(opening), len(repeated)), *opening, *repeated]
    command = [str(program()), str(target.socket), str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        with process.stdin as given:
            given.write(b"".join(script))

        def ended() -> Measured:
            assert process.stdout is not None
            measured = Measured(**json.loads(process.stdout.read()))
            if measured.errors > len(connections):
                detail = f"{target.name} answered {measured.errors} of {measured.calls} calls with an error"
                raise RuntimeError(detail)
            return measured

        try:
            yield ended
        finally:
            process.kill()
