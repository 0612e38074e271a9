"""A talk with a guest's monitor: inside a job, with the domain's lock released, and with a look at the state after it.

with self._talking(dom, JobKind.MODIFY) as talk:
    talk.ask("system_powerdown")          # no lock is held here
    with talk.state() as state:           # the state is looked at anew
        state.fake_reboot = False
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, Job
from virtloom_qemu.monitor import CommandFailed, Monitor
from virtloom_qemu.runs.state import QemuDomain, Run


class Talk:
    """One job's talk.

    :ivar found: the domain; :ivar job: the job that is held; :ivar run: the run that is talked to.
    """

    def __init__(self, found: Guarded[QemuDomain], job: Job, run: Run) -> None:
        self.found = found
        self.job = job
        self.run = run

    @property
    def monitor(self) -> Monitor:
        """The guest's monitor."""
        return self.run.monitor

    def ask(self, command: str, *, timeout: float | None = None, fds: Sequence[int] = (), **arguments: Any) -> Any:
        """Run a command of the monitor; what it returned.

        :param arguments: its arguments; an underscore stands for a hyphen, and None for one that is left out.
        :raises VirtError: see `Monitor.execute`.
        """
        given = {name.replace("_", "-"): value for name, value in arguments.items() if value is not None}
        return self.run.monitor.execute(command, given, timeout=timeout, fds=fds)

    def human(self, line: str, timeout: float | None = None) -> str:
        """Run a line of the human monitor (`human-monitor-command`); what it printed."""
        printed: str = self.ask("human-monitor-command", timeout=timeout, command_line=line)
        return printed

    def tries(self, command: str, **arguments: Any) -> Any:
        """Run a command whose refusal is an answer too; None for a refusal."""
        try:
            return self.ask(command, **arguments)
        except CommandFailed:
            return None

    @contextmanager
    def state(self) -> Iterator[QemuDomain]:
        """The state, after the talk: under the lock, and only if it is still the same run.

        :raises VirtError: OPERATION_FAILED if the guest ended meanwhile.
        :raises JobAborted: if the job was ended or aborted.
        """
        self.job.check()
        with self.state_regardless() as state:
            yield state

    @contextmanager
    def state_regardless(self) -> Iterator[QemuDomain]:
        """The state, for what has to be put right even if the job was aborted.

        :raises VirtError: OPERATION_FAILED if the guest ended meanwhile.
        """
        with self.found.locked() as state:
            if state.run is not self.run:
                raise quit_unexpectedly()
            yield state
            self.found.publish(state.view())


def quit_unexpectedly() -> VirtError:
    """The error for a guest that ended while somebody worked on it (`qemuDomainObjExitMonitor` and its callers)."""
    return VirtError(ErrorCode.OPERATION_FAILED, "domain is no longer running", ErrorDomain.QEMU)
