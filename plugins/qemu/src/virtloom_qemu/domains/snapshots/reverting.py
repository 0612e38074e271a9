"""Going back to a snapshot."""

from __future__ import annotations

from virtloom.driver.constants.domain_event import DomainEventStartedDetail as Started
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_event import DomainEventSuspendedDetail as Suspended
from virtloom.driver.constants.domain_state import DomainPausedReason as Paused
from virtloom.driver.constants.domain_state import DomainRunningReason as Running
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.driver.constants.snapshot import DomainSnapshotRevertFlags as Revert
from virtloom.driver.domains.moments import Moment, Moments
from virtloom.driver.domains.moments.snapshots import is_external
from virtloom.driver.domains.snapshots import require_snapshot
from virtloom.driver.handles import DomainSnapshotHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, Job, JobKind
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.domains.life import Beginnings
from virtloom_qemu.domains.snapshots.keeping import SnapshotKeeping
from virtloom_qemu.runs.phases.beginning import Start
from virtloom_qemu.runs.state import QemuDomain
from virtloom_qemu.snapshots.definitions import as_it_ran

REVERT_FLAGS = Revert.RUNNING | Revert.PAUSED | Revert.FORCE | Revert.RESET_NVRAM
ONLINE = ("running", "paused")
REVERTED = Beginnings(Running.FROM_SNAPSHOT, Paused.FROM_SNAPSHOT, Started.FROM_SNAPSHOT, Suspended.FROM_SNAPSHOT)


class SnapshotReverting(SnapshotKeeping):
    """`virDomainRevertToSnapshot`"""

    def domain_revert_to_snapshot(self, snap: DomainSnapshotHandle, flags: int) -> None:
        """`virDomainRevertToSnapshot`"""
        self._check_flags(flags, REVERT_FLAGS, "SnapshotRevert")
        found = self._find(snap.dom)
        with found.job(JobKind.START) as job:
            with found.locked() as state:
                moment = require_snapshot(state.snapshots, snap.name)
                _check_revert(state, moment, flags)
                run, there = state.run, state.snapshots
            assert moment.domain is not None
            if run is not None:
                self._end(found, run, Shutoff.FROM_SNAPSHOT, Stopped.FROM_SNAPSHOT, keep=True)
            config = self._config_of(moment)
            with found.locked() as state:
                persistent = state.persistent
            if persistent:
                self.write_definition(config)
                with found.locked() as state:
                    state.set_config(config)
            self._keep_snapshots(found, Moments(there.by_name, moment.name))
            self._go_back(found, job, moment, config, flags)
        self._keep_status(found)

    def _config_of(self, moment: Moment) -> Domain:
        """The definition that a snapshot goes back to for the next start."""
        for node in moment.more:
            if node.tag == "inactiveDomain":
                copied = node.copy()
                copied.tag = "domain"
                return Domain.read(copied)
        assert moment.domain is not None
        return moment.domain

    def _go_back(self, found: Guarded[QemuDomain], job: Job, moment: Moment, config: Domain, flags: int) -> None:
        assert moment.domain is not None
        online = moment.state in ONLINE
        if not online:
            self._snapshot_images(moment.domain, moment.name, "-a", try_all=True)
            if not flags & (Revert.RUNNING | Revert.PAUSED):
                with found.locked() as state:
                    gone = self._publish(found, state)
                if gone:
                    self.domains.remove(found)
                return
        reset = bool(flags & Revert.RESET_NVRAM)
        start = Start(load_snapshot=moment.name if online else None, reset_nvram=reset)
        talk = self._begin(found, job, as_it_ran(moment.domain, moment.more) if online else config, start)
        if online:
            with found.locked() as state:
                state.original_cpu = moment.domain.cpu
        paused = not flags & Revert.RUNNING and bool(moment.state == "paused" or flags & Revert.PAUSED)
        self._set_going(talk, paused=paused, how=REVERTED)


def _check_revert(state: QemuDomain, moment: Moment, flags: int) -> None:
    """What `qemuSnapshotRevertValidate` refuses."""
    online = moment.state in ONLINE
    if not state.persistent and not online and not flags & (Revert.RUNNING | Revert.PAUSED):
        raise invalid("transient domain needs to request run or pause to revert to inactive snapshot")
    if is_external(moment):
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, "revert to external snapshot not supported yet")
    if moment.domain is None:
        detail = f"snapshot '{moment.name}' lacks domain '{state.definition.name}' rollback info"
        raise VirtError(ErrorCode.SNAPSHOT_REVERT_RISKY, detail)
    if state.managed_save and not online and not flags & Revert.FORCE:
        detail = (
            "snapshot without memory state, removal of existing managed saved state strongly recommended to avoid"
            " corruption"
        )
        raise VirtError(ErrorCode.SNAPSHOT_REVERT_RISKY, detail)
