"""Helper processes: run with a deadline, killable, their output bounded.

Guarantees: `run` returns or raises by its deadline, leaves no process of its own session behind, and keeps at most
`limit` bytes of each output. A helper that cannot even be killed (it hangs in the kernel, on a dead disk) is left to a
thread that collects it when the kernel lets go.
Assumes: the caller holds no lock. No `preexec_fn` is used: it would run Python in the child of a threaded process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, NamedTuple

from virtloom.errors import ErrorCode, VirtError

KILL_WITHIN = 1.0  # seconds for the kernel to end a process that was killed
LOOK = 0.5  # seconds between two looks at what a helper has read and written


class Finished(NamedTuple):
    """How a helper ended: its exit status (negative: a signal's number) and what it printed."""

    status: int
    stdout: bytes
    stderr: bytes


def run(
    argv: Sequence[str],
    *,
    deadline: float,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    limit: int = 1 << 20,
    check: bool = True,
    stall: float | None = None,
    beat: Callable[[int], None] | None = None,
    name: str | None = None,
    fds: Sequence[int] = (),
    identity: tuple[int, int, Sequence[int]] | None = None,
) -> Finished:
    """Run a helper to its end.

    :param deadline: seconds after which it and its children are killed.
    :param limit: bytes kept of each of its outputs; the rest is read and dropped.
    :param check: raise if its exit status is not 0.
    :param stall: seconds without reading or writing a byte (proc(5), /proc/PID/io) after which it is killed too, for
        work whose length nobody knows.
    :param beat: called twice a second with the bytes that it has written; what it raises ends the helper.
    :param name: what errors call it; the program's unless another one is run to become it.
    :param fds: descriptors that it is given under their own numbers.
    :param identity: user, group and further groups that it runs as; None for the daemon's own.
    :raises VirtError: OPERATION_TIMEOUT past the deadline or stalled, OPERATION_FAILED for a failure or a missing
        program.
    """
    name = name or argv[0]
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=None if env is None else dict(env),
            start_new_session=True,
            pass_fds=tuple(fds),
            user=None if identity is None else identity[0],
            group=None if identity is None else identity[1],
            extra_groups=None if identity is None else identity[2],
        )
    except OSError as error:
        raise VirtError(ErrorCode.OPERATION_FAILED, f"cannot run {name}: {error.strerror}") from error
    outputs = [_Collector(process.stdout, limit), _Collector(process.stderr, limit)]
    feeder = threading.Thread(target=_feed, args=(process.stdin, stdin), daemon=True)
    feeder.start()
    try:
        if stall is None and beat is None:
            status = process.wait(deadline)
        else:
            status = _watched(process, name, deadline, stall or deadline, beat or (lambda written: None))
    except subprocess.TimeoutExpired:
        raise VirtError(ErrorCode.OPERATION_TIMEOUT, f"{name} did not end within {deadline:g} s") from None
    finally:
        _kill_session(process)
        feeder.join(1)
    stdout, stderr = (output.finish() for output in outputs)
    if check and status != 0:
        words = stderr.decode(errors="replace").strip() or "it printed no reason"
        raise VirtError(ErrorCode.OPERATION_FAILED, f"{name} ended with status {status}: {words}")
    return Finished(status, stdout, stderr)


def _watched(
    process: subprocess.Popen[bytes], name: str, deadline: float, stall: float, beat: Callable[[int], None]
) -> int:
    """Wait for a helper for as long as it reads or writes; its status."""
    began = lively = time.monotonic()
    moved = (0, 0)
    while True:
        try:
            return process.wait(min(LOOK, stall))
        except subprocess.TimeoutExpired:
            now, before, moved = time.monotonic(), moved, _moved(process.pid)
            lively = now if moved != before else lively
            if now - lively >= stall:
                raise VirtError(ErrorCode.OPERATION_TIMEOUT, f"{name} has done nothing for {stall:g} s") from None
            if now - began >= deadline:
                raise
        beat(moved[1])


def _moved(pid: int) -> tuple[int, int]:
    """The bytes that a process has moved in any way, and those that it has written (proc(5), /proc/PID/io)."""
    with suppress(OSError, ValueError, KeyError), open(f"/proc/{pid}/io") as file:
        told = {name: int(number) for name, number in (line.split(": ") for line in file)}
        return sum(told.values()), max(told["wchar"], told["write_bytes"])
    return 0, 0


class _Collector:
    """Reads one output to its end, on a thread of its own, and keeps its beginning."""

    def __init__(self, pipe: IO[bytes] | None, limit: int) -> None:
        assert pipe is not None
        self._pipe = pipe
        self._kept = bytearray()
        self._limit = limit
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(OSError, ValueError):
            while piece := os.read(self._pipe.fileno(), 65536):
                self._kept += piece[: self._limit - len(self._kept)]

    def finish(self) -> bytes:
        self._thread.join(1)
        self._pipe.close()
        return bytes(self._kept)


def _feed(pipe: IO[bytes] | None, data: bytes) -> None:
    assert pipe is not None
    with suppress(OSError), pipe:
        pipe.write(data)


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kill the helper if it still runs, and whatever it left behind in its session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(KILL_WITHIN)
    except subprocess.TimeoutExpired:
        threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
