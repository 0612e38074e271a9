"""A guest that runs and whose QEMU is played: each command has its answers, one after the other, the last for good."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

from emulated import guest
from qmp_peer import GREETING, Peer

from virtloom.driver.constants.domain_state import DomainState
from virtloom.errors import VirtError
from virtloom.locks import Guarded, Job, LockManager
from virtloom_qemu.agent import AgentLine
from virtloom_qemu.monitor import EventWorker, Monitor
from virtloom_qemu.object_types import DOMAIN
from virtloom_qemu.process import GuestPaths, GuestProcess
from virtloom_qemu.process.counters import PerfCounters
from virtloom_qemu.runs.state import Happening, QemuDomain, Run
from virtloom_qemu.runs.talk import Talk


class Played(Peer):
    """The other end of a guest's monitor.

    :param answers: of the commands that are not answered by {}; a str is the description of an error.
    :ivar heard: the commands that came, in order.
    """

    def __init__(self, answers: Mapping[str, list[Any]]) -> None:
        super().__init__()
        self.answers_left = {name: list(values) for name, values in answers.items()}
        self.heard: list[str] = []
        self.sock.settimeout(None)
        self.says(GREETING)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(ValueError, OSError):  # the monitor was closed
            while True:
                asked = self.hears()
                self.heard.append(asked["execute"])
                answer = self._next(asked["execute"])
                told = {"error": {"class": "GenericError", "desc": answer}} if isinstance(answer, str) else None
                self.says({"id": asked["id"], **(told or {"return": answer})})

    def _next(self, command: str) -> Any:
        left = self.answers_left.get(command, [{}])
        return left.pop(0) if len(left) > 1 else left[0]


class PlayedGuest:
    """A domain that runs in a played QEMU.

    :ivar found: the domain, which is running; :ivar run: its run; :ivar error: what a test saw fail.
    """

    def __init__(self, locks: LockManager, answers: Mapping[str, list[Any]]) -> None:
        self.qemu = Played(answers)
        self.error: VirtError | None = None
        monitor = Monitor(self.qemu.client, "web", locks, deadline=20.0)
        monitor.negotiate()
        worker: EventWorker[Happening] = EventWorker("web", locks, lambda happening: None)
        process, paths = cast(GuestProcess, None), cast(GuestPaths, None)  # nothing here has to do with them
        self.run = Run(1, process, paths, monitor, worker, AgentLine(locks), PerfCounters(0, locks))
        definition = guest()
        state = QemuDomain(definition, id=1, run=self.run, state=DomainState.RUNNING)
        self.found: Guarded[QemuDomain] = locks.guard(DOMAIN, definition.uuid, state)
        self.qemu.heard.clear()

    def talk(self, job: Job) -> Talk:
        """A talk in a job that has begun."""
        return Talk(self.found, job, self.run)

    def close(self) -> None:
        self.run.monitor.close()
        self.qemu.dies()
