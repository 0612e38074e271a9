"""How long work takes on the played hosts, and how it passes: as a job with progress, on the scripted clock."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from virtloom.errors import ErrorCode, VirtError
from virtloom_test.time.clock import SECOND, Clock

LOOK_EVERY = 0.05  # real seconds between looks at whether a job was aborted
REAL_LIMIT = 600.0  # real seconds that any work takes at most, even if the clock stands

# The kinds of work; each takes no time unless told otherwise, as in libvirt's test driver.
KINDS = ("start", "shutdown", "save", "restore", "dump", "migrate", "block", "snapshot", "volume", "wipe")


class Waits(Protocol):
    """Says to the daemon that a call waits (`DriverHost.waiting`)."""

    def waiting(self, what: str) -> AbstractContextManager[Any]:
        """For the length of a block."""
        ...


class Reported(Protocol):
    """What is told how far some work is, and may end it: a job, or `Work`."""

    def report(self, **fields: int | None) -> None:
        """Take fields of `virtloom.locks.Progress`."""
        ...

    def check(self) -> None:
        """Raise if the work is to end."""
        ...


class Tempo:
    """The durations of each kind of work, in seconds of the clock.

    :param host: tells the daemon of calls that wait.
    :param given: `KIND=SECONDS`, as the configuration has them.
    """

    def __init__(self, host: Waits, clock: Clock, given: Iterable[str] = ()) -> None:
        self.clock = clock
        self._host = host
        self._seconds: Mapping[str, float] = dict.fromkeys(KINDS, 0.0)
        self.set(dict(_pair(text) for text in given))

    def seconds(self, kind: str) -> float:
        """How long a kind of work takes."""
        return self._seconds[kind]

    def set(self, seconds: Mapping[str, Any]) -> dict[str, float]:
        """Change how long some kinds of work take from now on; returns all of them.

        :raises VirtError: INVALID_ARG for an unknown kind or something else than a number of seconds.
        """
        for kind, value in seconds.items():
            if kind not in KINDS:
                raise VirtError(ErrorCode.INVALID_ARG, f"no work of the kind '{kind}'; there are {', '.join(KINDS)}")
            if not isinstance(value, int | float) or value < 0:
                raise VirtError(ErrorCode.INVALID_ARG, f"{kind} takes a number of seconds, not {value!r}")
        self._seconds = {**self._seconds, **{kind: float(value) for kind, value in seconds.items()}}
        return dict(self._seconds)

    def pass_time(self, kind: str, job: Reported | None = None, total: int = 0) -> None:
        """Let the time of a kind of work pass, with no lock held.

        :param job: reports the progress, and ends the work early if it is aborted.
        :param total: the work's size in bytes, for the progress.
        :raises JobAborted: or what else the job raises when it was aborted.
        :raises VirtError: OPERATION_TIMEOUT if the clock stands for longer than ten minutes.
        """
        seconds = self._seconds[kind]
        if not seconds:
            return
        began = self.clock.now_ns()
        end = began + int(seconds * SECOND)
        deadline = time.monotonic() + REAL_LIMIT
        with self._host.waiting(f"the end of the {kind}"):
            while not self.clock.wait(end, LOOK_EVERY):
                if job is not None:
                    _report(job, (self.clock.now_ns() - began) / (end - began), seconds, total)
                    job.check()
                if time.monotonic() > deadline:
                    detail = f"the {kind} has not ended in {REAL_LIMIT:g} s; does the clock stand still?"
                    raise VirtError(ErrorCode.OPERATION_TIMEOUT, detail)


def _report(job: Reported, part: float, seconds: float, total: int) -> None:
    done = int(total * part)
    left = int((1 - part) * seconds * 1000)
    job.report(
        data_total=total,
        data_processed=done,
        data_remaining=total - done,
        memory_total=total,
        memory_processed=done,
        memory_remaining=total - done,
        remaining_ms=left,
    )


def _pair(text: str) -> tuple[str, float]:
    kind, _, value = text.partition("=")
    try:
        return kind.strip(), float(value)
    except ValueError:
        raise VirtError(ErrorCode.INVALID_ARG, f"'{text}' is not KIND=SECONDS, such as save=2.5") from None
