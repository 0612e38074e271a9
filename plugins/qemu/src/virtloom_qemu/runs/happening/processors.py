"""Having a guest's processors stop and go on, in a job, with the reason told before the monitor is."""

from __future__ import annotations

from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.runs.talk import Talk


class Processors(DomainsBase):
    """Stop and go on."""

    def _go_on(self, talk: Talk, reason: int) -> None:
        """Have the processors run (`qemuProcessStartCPUs`).

        :param reason: why (`virDomainRunningReason`).
        """
        with talk.state_regardless() as state:
            state.running_reason = reason
        self._told(talk, "cont")

    def _hold(self, talk: Talk, reason: int) -> None:
        """Have the processors stop (`qemuProcessStopCPUs`).

        :param reason: why (`virDomainPausedReason`).
        """
        with talk.state_regardless() as state:
            state.pause_reason = reason
        self._told(talk, "stop")

    def _told(self, talk: Talk, command: str) -> None:
        """Tell the monitor, and see what came of it: even if the job was aborted, so that its owner can undo it."""
        talk.ask(command)
        with talk.state_regardless() as state:
            self._follow(state)

    def _can_be_sent(self, talk: Talk) -> None:
        """See to it that a guest's state can be taken out of QEMU.

        Once that was done, QEMU does not do it again before the processors have run (migration.c: `migrate_prepare`).
        So those of a guest that has been paused since then run for a moment, of which nobody is told.
        """
        if talk.ask("query-status")["status"] != "postmigrate":
            return
        with talk.state() as state:
            state.stirred = True
        try:
            talk.ask("cont")
            talk.ask("stop")
        finally:
            with talk.state_regardless() as state:
                state.stirred = False
                self._follow(state)
