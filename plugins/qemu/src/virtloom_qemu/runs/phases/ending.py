"""How a run ends: the process is gone for sure, what belonged to it is removed, the domain is as its next start."""

from __future__ import annotations

import shutil
from contextlib import suppress

from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.locks import Guarded, ObjectGone
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.helpers.tpm import forget as forget_tpm
from virtloom_qemu.process import GuestPaths
from virtloom_qemu.runs.given.logfile import GuestLog
from virtloom_qemu.runs.happening.processors import Processors
from virtloom_qemu.runs.state import QemuDomain, Run

OVER_WITHIN = 60.0  # seconds that one call waits for another to give back what a run had
FLUSH_WITHIN = 2.0  # seconds for what a guest told at its end to be dealt with before the end itself is told
WORDS = {
    Shutoff.SHUTDOWN: "shutdown", Shutoff.DESTROYED: "destroyed", Shutoff.CRASHED: "crashed", Shutoff.SAVED: "saved",
    Shutoff.FAILED: "failed", Shutoff.FROM_SNAPSHOT: "from-snapshot", Shutoff.DAEMON: "daemon",
}  # fmt: skip


class Ending(Processors):
    """The end of runs."""

    def _end(
        self, found: Guarded[QemuDomain], run: Run, reason: int, detail: int | None, *, keep: bool = False
    ) -> bool:
        """End a run. To be called inside a job, with no lock held; a second call for the same run does nothing.

        :param reason: why the domain is shut off (`virDomainShutoffReason`).
        :param detail: how it is told (`virDomainEventStoppedDetailType`); None if nobody learned that it had started.
        :param keep: whether a transient domain stays, since the caller starts it again.
        :return: whether it was this call that ended it.
        """
        with found.locked() as state:
            if state.run is run:
                state.ending = True
            helpers = state.helpers if state.run is run else {}
        run.worker.start()
        run.agent.end()
        run.counters.close()
        run.monitor.close()  # so that an end that we want is told once, as what it is
        run.process.end()
        self.helpers.end(helpers)
        run.worker.flush(FLUSH_WITHIN)
        if run.groups is not None:
            run.groups.remove()
        return self._finish(found, run, run.paths, reason, detail, keep=keep)

    def _finish(
        self,
        found: Guarded[QemuDomain],
        run: Run | None,
        paths: GuestPaths,
        reason: int,
        detail: int | None,
        *,
        keep: bool = False,
    ) -> bool:
        """The process is gone: remove what only its run had, and tell.

        A run that a save or a crash ends may be destroyed at that moment, and the domain started anew right after: so
        one call gives back, and another one waits for it.

        :param run: None for a run that had ended before this daemon began.
        """
        with found.locked() as state:
            if state.run is not run:
                return False
            is_first, state.finishing = not state.finishing, True
            live, number = state.definition, state.id
        if not is_first:
            assert run is not None
            with self.host.waiting(f"the end of the run of {live.name}", must=True):
                run.over.wait(OVER_WITHIN)
            return False
        try:
            self._give_back(live, number, paths)
            GuestLog(paths.log).note(f"shutting down, reason={WORDS.get(reason, 'unknown')}")
            return self._ended(found, live, reason, detail, keep=keep)
        finally:
            with suppress(ObjectGone), found.locked() as state:
                if state.run is run:
                    state.finishing = False
            if run is not None:
                run.over.set()

    def _ended(self, found: Guarded[QemuDomain], live: Domain, reason: int, detail: int | None, *, keep: bool) -> bool:
        with found.locked() as state:
            if detail is not None:
                self._lifecycle(state, Event.STOPPED, detail)
            state.end_run(reason)
            if keep:
                found.publish(state.view())
                return True
            gone = self._publish(found, state)
        if gone:
            self._forget_moments(live.name)
            forget_tpm(self.host.dirs.state, live)
            self.domains.remove(found)
        return True

    @staticmethod
    def _clear_away(paths: GuestPaths) -> None:
        """Remove the files that only one run had."""
        shutil.rmtree(paths.folder, ignore_errors=True)
        shutil.rmtree(paths.channels, ignore_errors=True)
        paths.pid.unlink(missing_ok=True)

    def _give_back(self, live: Domain, number: int, paths: GuestPaths) -> None:
        """Give back what a run had of the host's, and remove its files."""
        self._clear_away(paths)
        self.disk_images.let_go(live, number)
        for one in live.parts.interfaces:
            self.interfaces.disconnect(one)
        self._ownership(live).restore(live)
        self.host_devices.give_back(live.name, live.parts.hostdevs)
        self.status_files.remove(live.name, number)

    def _failed(self, found: Guarded[QemuDomain]) -> None:
        """A start came to nothing before there was a run."""
        with found.locked() as state:
            state.reason = Shutoff.FAILED
            gone, definition = self._publish(found, state), state.definition
        if gone:
            forget_tpm(self.host.dirs.state, definition)
            self.domains.remove(found)
