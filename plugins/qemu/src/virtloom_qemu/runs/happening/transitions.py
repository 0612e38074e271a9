"""Changes of a running domain's state, each with the event that tells of it; all under the domain's lock."""

from __future__ import annotations

from virtloom.driver.constants.domain_event import DomainEventResumedDetail as Resumed
from virtloom.driver.constants.domain_event import DomainEventSuspendedDetail as Suspended
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_state import DomainPausedReason as Paused
from virtloom.driver.constants.domain_state import DomainRunningReason as Running
from virtloom.driver.constants.domain_state import DomainState as State
from virtloom.driver.domains import Domains
from virtloom_qemu.runs.state import QemuDomain

SUSPENDED = {
    Paused.MIGRATION: Suspended.MIGRATED,
    Paused.FROM_SNAPSHOT: Suspended.FROM_SNAPSHOT,
    Paused.POSTCOPY: Suspended.POSTCOPY,
    Paused.POSTCOPY_FAILED: Suspended.POSTCOPY_FAILED,
    Paused.WATCHDOG: Suspended.WATCHDOG,
    Paused.IOERROR: Suspended.IOERROR,
}
RESUMED = {
    Running.RESTORED: Resumed.FROM_SNAPSHOT,
    Running.FROM_SNAPSHOT: Resumed.FROM_SNAPSHOT,
    Running.MIGRATED: Resumed.MIGRATED,
    Running.MIGRATION_CANCELED: Resumed.MIGRATED,
}


class Transitions(Domains[QemuDomain]):
    """What follows when the processors stop or go on."""

    def _follow(self, state: QemuDomain) -> None:
        """Have the state say what the monitor last told of the processors.

        Both who had them stop or go on and who hears the monitor's event call this; the second finds nothing to do. It
        is what holds now that is followed, not what one event said, so an event that comes late undoes nothing.
        """
        running = None if state.run is None or state.stirred else state.run.monitor.running
        if running is True and state.state != State.RUNNING:
            self._resumed(state)
        elif running is False and state.state == State.RUNNING and not state.paused_by_shutdown:
            self._paused(state)

    def _resumed(self, state: QemuDomain) -> None:
        reason = state.running_reason or Running.UNPAUSED
        state.running_reason = Running.UNKNOWN
        state.state, state.reason = State.RUNNING, reason
        state.status_version += 1
        self._lifecycle(state, Event.RESUMED, RESUMED.get(reason, Resumed.UNPAUSED))

    def _paused(self, state: QemuDomain) -> None:
        reason, state.pause_reason = state.pause_reason, Paused.UNKNOWN
        state.state, state.reason = State.PAUSED, reason
        state.status_version += 1
        self._lifecycle(state, Event.SUSPENDED, SUSPENDED.get(reason, Suspended.PAUSED))

    def _stopped_by_itself(self, state: QemuDomain, reason: int) -> None:
        """The processors stop, or have just stopped, for a reason that nobody here had.

        :param reason: `virDomainPausedReason`.
        """
        if state.state == State.RUNNING:
            state.pause_reason = reason
            self._follow(state)
        elif state.state == State.PAUSED and state.reason == Paused.UNKNOWN:
            state.reason = reason
            state.status_version += 1
