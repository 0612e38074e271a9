"""A guest's process, ours or one that we found again: whether it lives, and its end.

A pid alone names nothing for long. With the time at which the process began (proc(5), `starttime`) it names one
process, also for a daemon that was not there when it began.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

TERM_WITHIN = 10.0  # seconds that a guest has to end by itself when it is told to (virProcessKillPainfully)
KILL_WITHIN = 20.0  # seconds that the kernel has to end it; longer means that it hangs in the kernel
STATE, UTIME, STIME, STARTTIME = 0, 11, 12, 19  # fields of proc(5)'s stat, counted from the state


class GuestProcess(NamedTuple):
    """One process.

    :ivar pid: its number; :ivar began: when it began, in clock ticks since the boot.
    """

    pid: int
    began: int

    @classmethod
    def of(cls, pid: int) -> GuestProcess:
        """The process that has a number now.

        :raises ProcessLookupError: if none has it.
        """
        began = _field(pid, STARTTIME)  # also of one that ended already, if nobody waited for it yet
        if began is None:
            raise ProcessLookupError(pid)
        return cls(pid, int(began))

    def alive(self) -> bool:
        """Whether it is still there; one that ended and was not waited for yet is not."""
        return _start_time(self.pid) == self.began

    def stopped(self) -> bool:
        """Whether it was stopped by a signal, so that it cannot obey another."""
        return _field(self.pid, STATE) == "T"

    def cpu_time(self) -> int:
        """The processor time that it has used, in ns; 0 if it is gone."""
        user, system = _field(self.pid, UTIME), _field(self.pid, STIME)
        ticks = int(user or 0) + int(system or 0)
        return ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")

    def wait(self, seconds: float) -> bool:
        """Wait for its end.

        :return: whether it ended.
        """
        with suppress(OSError):
            descriptor = os.pidfd_open(self.pid)
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            try:
                # Its state would not do: its first thread may be a zombie while others still end, and then there is
                # nothing yet to take note of.
                if _field(self.pid, STARTTIME) == str(self.began):
                    poll.poll(seconds * 1000)
            finally:
                os.close(descriptor)
        self._reap()
        return not self.alive()

    def _reap(self) -> None:
        """Take note of its end, if it is a child of ours."""
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)

    def signal(self, number: int) -> None:
        """Send it a signal; it is no error if it is gone."""
        if self.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self, *, force: bool = True, within: float = TERM_WITHIN) -> bool:
        """Have it end: told to first, killed if it does not obey.

        :param force: whether it is killed if it does not obey; a stopped one is killed at once, since it cannot.
        :param within: seconds that it has to obey.
        :return: whether it ended.
        """
        self.signal(signal.SIGTERM)
        if force and self.stopped():
            within = 0.0
        if self.wait(within):
            return True
        if not force:
            return False
        self.signal(signal.SIGKILL)
        return self.wait(KILL_WITHIN)


def _start_time(pid: int) -> int | None:
    """When a process began; None if it is gone, or only its exit status is left of it."""
    began = _field(pid, STARTTIME)
    return None if began is None or _field(pid, STATE) in ("Z", "X") else int(began)


def _field(pid: int, place: int) -> str | None:
    """A field of /proc/PID/stat, counted from the state; the name before it may have any characters."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()[place]
