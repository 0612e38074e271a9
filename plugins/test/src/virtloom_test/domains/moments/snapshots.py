"""Snapshots: a domain's definition and state at a moment, to go back to."""

from __future__ import annotations

from dataclasses import replace

from virtloom.driver.constants.domain_event import DomainEventStartedDetail as Started
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_event import DomainEventSuspendedDetail as Suspended
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_state import (
    DomainPausedReason,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
)
from virtloom.driver.constants.snapshot import DomainSnapshotCreateFlags as Create
from virtloom.driver.constants.snapshot import DomainSnapshotDeleteFlags as Delete
from virtloom.driver.constants.snapshot import DomainSnapshotRevertFlags as Revert
from virtloom.driver.domains.moments import Moment, Moments, already_exists
from virtloom.driver.domains.moments.disks import align, regular_files
from virtloom.driver.domains.moments.redefining import checked_redefinition
from virtloom.driver.domains.moments.snapshots import parse_redefinition, parse_snapshot
from virtloom.driver.domains.snapshots import DomainSnapshots, require_snapshot
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle, DomainSnapshotHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_test.domains.base import DomainsBase
from virtloom_test.domains.state import TestDomain

CREATE_FLAGS = (
    Create.REDEFINE | Create.CURRENT | Create.HALT | Create.QUIESCE | Create.ATOMIC | Create.LIVE | Create.VALIDATE
)
STATES = {
    DomainState.RUNNING: "running",
    DomainState.PAUSED: "paused",
    DomainState.SHUTOFF: "shutoff",
    DomainState.CRASHED: "crashed",
}


class Snapshots(DomainsBase, DomainSnapshots[TestDomain]):
    """The calls for snapshots."""

    # Making.

    def domain_snapshot_create_xml(self, dom: DomainHandle, xml_desc: str, flags: int) -> DomainSnapshotHandle:
        """`virDomainSnapshotCreateXML`"""
        check_flags(flags, CREATE_FLAGS, "testDomainSnapshotCreateXML")
        with self._reading(dom) as state:
            definition = state.definition
        files = regular_files(definition)
        self._spend(dom, JobKind.SNAPSHOT, "snapshot")
        with self._changing(dom) as state:
            if len(state.checkpoints):
                detail = "cannot create snapshot while checkpoint exists"
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            if not state.persistent and flags & Create.HALT:
                detail = "cannot halt after transient domain snapshot"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail)
            make = self._redefined if flags & Create.REDEFINE else self._taken
            moment = make(state, xml_desc, files)
            current = not flags & Create.REDEFINE or bool(flags & Create.CURRENT)
            state.snapshots = state.snapshots.added(moment, current=current)
            handle = state.handle
            if flags & Create.HALT and not flags & Create.REDEFINE and state.active:
                state.end(DomainShutoffReason.FROM_SNAPSHOT)
                self._lifecycle(state, Event.STOPPED, Stopped.FROM_SNAPSHOT)
            return DomainSnapshotHandle(moment.name, handle)

    def _taken(self, state: TestDomain, xml: str, files: frozenset[str]) -> Moment:
        """A snapshot of the domain as it is now."""
        moment = parse_snapshot(xml, self.stage.clock.now())
        external = moment.memory is not None and moment.memory.get("snapshot") == "external"
        if any(disk.get("snapshot") == "manual" for disk in moment.disks):
            detail = "'manual' snapshot mode is not supported by the test driver"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
        disks = align(moment.disks, state.definition, "external" if external else "internal", moment.name, files)
        if moment.name in state.snapshots.by_name:
            raise already_exists(moment.name)
        return replace(
            moment,
            parent=state.snapshots.current,
            state=STATES.get(state.state, "shutoff"),
            memory=moment.memory if external else Node("memory", {"snapshot": "internal" if state.active else "no"}),
            disks=disks,
            domain=state.definition,
        )

    def _redefined(self, state: TestDomain, xml: str, files: frozenset[str]) -> Moment:
        """A snapshot as a document has it that was made of one before."""
        moment = parse_redefinition(xml, self.rules.parse)
        return checked_redefinition(moment, state.snapshots, state.handle.uuid, files)

    # Removing and going back.

    def domain_snapshot_delete(self, snap: DomainSnapshotHandle, flags: int) -> None:
        """`virDomainSnapshotDelete`"""
        check_flags(flags, Delete.CHILDREN | Delete.CHILDREN_ONLY, "testDomainSnapshotDelete")
        with self._changing(snap.dom) as state:
            require_snapshot(state.snapshots, snap.name)
            both = {"children": bool(flags & Delete.CHILDREN), "only_children": bool(flags & Delete.CHILDREN_ONLY)}
            state.snapshots = state.snapshots.without(snap.name, **both)

    def domain_revert_to_snapshot(self, snap: DomainSnapshotHandle, flags: int) -> None:
        """`virDomainRevertToSnapshot`: stopped, started and paused as the way from state to state demands."""
        check_flags(flags, Revert.RUNNING | Revert.PAUSED | Revert.FORCE, "testDomainRevertToSnapshot")
        with self._reading(snap.dom) as state:
            require_snapshot(state.snapshots, snap.name)
        self._spend(snap.dom, JobKind.SNAPSHOT, "snapshot")
        with self._ending(snap.dom) as state:
            moment = require_snapshot(state.snapshots, snap.name)
            runs = moment.state in ("running", "paused")
            if not state.persistent and not runs and not flags & (Revert.RUNNING | Revert.PAUSED):
                detail = "transient domain needs to request run or pause to revert to inactive snapshot"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail)
            state.snapshots = Moments(state.snapshots.by_name, moment.name)
            if moment.domain is None:
                raise VirtError(ErrorCode.INTERNAL_ERROR, f"snapshot '{moment.name}' lacks the domain's definition")
            if runs:
                self._revert_to_active(state, moment, moment.domain, flags)
            else:
                self._revert_to_inactive(state, moment.domain, flags)

    def _revert_to_active(self, state: TestDomain, moment: Moment, definition: Domain, flags: int) -> None:
        if state.active:
            state.end(DomainShutoffReason.FROM_SNAPSHOT)
            self._lifecycle(state, Event.STOPPED, Stopped.FROM_SNAPSHOT)
        state.definition = definition.replace(id=None)
        state.start(next(self._ids), DomainRunningReason.FROM_SNAPSHOT)
        self._lifecycle(state, Event.STARTED, Started.FROM_SNAPSHOT)
        if not flags & Revert.RUNNING and (moment.state == "paused" or flags & Revert.PAUSED):
            state.state, state.reason = DomainState.PAUSED, DomainPausedReason.FROM_SNAPSHOT
            self._lifecycle(state, Event.SUSPENDED, Suspended.FROM_SNAPSHOT)

    def _revert_to_inactive(self, state: TestDomain, definition: Domain, flags: int) -> None:
        if state.active:
            state.end(DomainShutoffReason.FROM_SNAPSHOT)
            self._lifecycle(state, Event.STOPPED, Stopped.FROM_SNAPSHOT)
        state.definition = definition.replace(id=None)
        if flags & (Revert.RUNNING | Revert.PAUSED):
            # As in libvirt's test driver the guest is said to start, and does not.
            self._lifecycle(state, Event.STARTED, Started.FROM_SNAPSHOT)
            if flags & Revert.PAUSED:
                self._lifecycle(state, Event.SUSPENDED, Suspended.FROM_SNAPSHOT)
