"""What becomes of a container that reboots or ends by itself, whoever notices it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_state import DomainShutoffReason
from virtloom.errors import VirtError
from virtloom.locks import Guarded, JobKind, LockError
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.container import run
from virtloom_lxc.container.images import RUN
from virtloom_lxc.container.monitor import Monitor, Report
from virtloom_lxc.container.run import Run
from virtloom_lxc.domains.base import ContainersBase
from virtloom_lxc.domains.state import Container

APPLY_WITHIN = 20.0  # s, for interfaces to be set up inside


class Ending(ContainersBase):
    """What the controllers' reports lead to."""

    def _follow(self, found: Guarded[Container], mine: Run) -> None:
        """From now on take note of what the controller of a run reports."""

        def changed(_: Monitor) -> None:
            self.host.background(lambda: self._moved(found, mine))

        mine.monitor.on_change = changed
        if mine.report.boots > 1 or mine.report.ended is not None:
            changed(mine.monitor)  # what it reported before anybody listened

    def _moved(self, found: Guarded[Container], mine: Run) -> None:
        """Bring the state up to the controller's last report; reports that were passed over do not matter."""
        report = mine.report
        try:
            if report.ended is None:
                self._rebooted(found, mine, report)
            else:
                self._ended(found, mine, report)
        except LockError as error:
            self.host.log.debug("a report of %s came too late: %s", found.name, error)

    def _rebooted(self, found: Guarded[Container], mine: Run, report: Report) -> None:
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                if state.run is not mine or state.boots >= report.boots:
                    return
                state.id, state.boots = report.init, report.boots
                found.publish(state.view())
                self._emit(DomainEventID.REBOOT, state.handle)
            self._save_status(found)

    def _ended(self, found: Guarded[Container], mine: Run, report: Report) -> None:
        """A container has ended: by itself, unless somebody is ending it just now, who then finishes it."""
        with found.locked() as state:
            if state.run is not mine:
                return
            definition = state.definition
        with found.job(JobKind.DESTROY):
            with found.locked() as state:
                if state.run is not mine:
                    return
                killed = bool(report.ended and report.ended.signal) and not state.asked_to_die
            self._clean(definition, mine)
            reason, detail = (
                (DomainShutoffReason.CRASHED, Stopped.CRASHED)
                if killed
                else (DomainShutoffReason.SHUTDOWN, Stopped.SHUTDOWN)
            )
            self._finish(found, mine, reason, detail)

    def _clean(self, definition: Domain, mine: Run) -> None:
        """Remove from the host what a run made, and let go of what it had."""
        run.clean(mine.places, mine.group, self._networks)
        try:
            self._status.remove(definition.name)
        except VirtError as error:
            self.host.log.error("the status of %s cannot be removed: %s", definition.name, error)
        self._images.let_go(definition, RUN)

    def _finish(self, found: Guarded[Container], mine: Run, reason: int, detail: int) -> None:
        """Show that a run is over, and tell of it."""
        with found.locked() as state:
            if state.run is not mine:
                return
            handle = state.handle
            state.run = None
            state.end(reason)
            self._emit(DomainEventID.LIFECYCLE, handle, (Event.STOPPED, detail))
            gone = self._publish(found, state)
        if gone:
            self.domains.remove(found)

    def _apply(self, init: int, links: Sequence[object]) -> None:
        """Set interfaces up inside a container.

        :raises VirtError: OPERATION_FAILED in the kernel's words, OPERATION_TIMEOUT.
        """
        argv = [sys.executable, "-P", "-m", "virtloom_lxc.links.apply", str(init), json.dumps(links)]
        self.host.run(argv, deadline=APPLY_WITHIN)
