"""Having a guest's processors stop and go on, in a job, with the reason told before the monitor is."""

from __future__ import annotations

from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.runs.talk import Talk, quit_unexpectedly


class Processors(DomainsBase):
    """Stop and go on."""

    def _go_on(self, talk: Talk, reason: int) -> None:
        """Have the processors run (`qemuProcessStartCPUs`).

        :param reason: why (`virDomainRunningReason`).
        """
        with talk.found.locked() as state:
            if state.run is not talk.run:
                raise quit_unexpectedly()
            state.running_reason = reason
        talk.ask("cont")
        with talk.state() as state:
            self._follow(state)

    def _hold(self, talk: Talk, reason: int) -> None:
        """Have the processors stop (`qemuProcessStopCPUs`).

        :param reason: why (`virDomainPausedReason`).
        """
        with talk.found.locked() as state:
            if state.run is not talk.run:
                raise quit_unexpectedly()
            state.pause_reason = reason
        talk.ask("stop")
        with talk.state() as state:
            self._follow(state)
