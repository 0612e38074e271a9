"""The call that takes a snapshot, and the one that only notes it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.constants.snapshot import DomainSnapshotCreateFlags as Create
from virtloom.driver.domains.moments import Moment, Moments, already_exists
from virtloom.driver.domains.moments.disks import align, regular_files
from virtloom.driver.domains.moments.redefining import checked_redefinition
from virtloom.driver.domains.moments.snapshots import parse_redefinition, parse_snapshot
from virtloom.driver.handles import DomainHandle, DomainSnapshotHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, Job, JobKind, LockError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.domains.agent.base import AgentTalk
from virtloom_qemu.domains.agent.filesystems import freeze, thaw
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.domains.snapshots.offline import OfflineSnapshots
from virtloom_qemu.domains.snapshots.online import OnlineSnapshots
from virtloom_qemu.runs.state import QemuDomain
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.snapshots.checks import check_name, prepare
from virtloom_qemu.snapshots.definitions import cookie, kept, shown

CREATE_FLAGS = (
    Create.REDEFINE
    | Create.CURRENT
    | Create.NO_METADATA
    | Create.HALT
    | Create.DISK_ONLY
    | Create.REUSE_EXT
    | Create.QUIESCE
    | Create.ATOMIC
    | Create.LIVE
    | Create.VALIDATE
)
STATES = {
    DomainState.RUNNING: "running",
    DomainState.PAUSED: "paused",
    DomainState.SHUTDOWN: "shutdown",
    DomainState.SHUTOFF: "shutoff",
    DomainState.CRASHED: "crashed",
    DomainState.PMSUSPENDED: "pmsuspended",
}


class SnapshotTaking(OfflineSnapshots, OnlineSnapshots, AgentTalk):
    """`virDomainSnapshotCreateXML`"""

    def domain_snapshot_create_xml(self, dom: DomainHandle, xml_desc: str, flags: int) -> DomainSnapshotHandle:
        """`virDomainSnapshotCreateXML`"""
        self._check_flags(flags, CREATE_FLAGS, "DomainSnapshotCreateXML")
        _check_combinations(flags)
        found = self._find(dom)
        with found.locked() as state:
            if not state.persistent and flags & Create.HALT:
                raise invalid("cannot halt after transient domain snapshot")
        if flags & Create.REDEFINE:
            return self._redefine_snapshot(found, xml_desc, flags)
        with found.job(JobKind.SNAPSHOT) as job:
            return self._take(found, job, xml_desc, flags)

    def _redefine_snapshot(self, found: Guarded[QemuDomain], xml: str, flags: int) -> DomainSnapshotHandle:
        with found.job(JobKind.MODIFY):
            moment = parse_redefinition(xml, self.rules.parse)
            check_name(moment.name)
            with found.locked() as state:
                there, uuid, handle = state.snapshots, state.definition.uuid or b"", state.handle
                definition = state.config
            files = regular_files(moment.domain or definition)
            made = checked_redefinition(moment, there, uuid, files, disk_only=bool(flags & Create.DISK_ONLY))
            self._keep_snapshots(found, there.added(made, current=bool(flags & Create.CURRENT)))
            return DomainSnapshotHandle(made.name, handle)

    def _take(self, found: Guarded[QemuDomain], job: Job, xml: str, flags: int) -> DomainSnapshotHandle:
        with found.locked() as state:
            definition, config, there = state.definition, state.config, state.snapshots
            now, run, handle = state.state, state.run, state.handle
            persistent, cpu = state.persistent, state.definition.cpu if state.run is None else state.original_cpu
        moment = self._planned(xml, definition, config if persistent else None, now, there, flags)
        moment = replace(moment, domain=shown(definition, config, cpu))
        if run is None:
            self._take_offline(found, moment, definition)
        else:
            with self._quiesced(handle, wanted=bool(flags & Create.QUIESCE)):
                self._take_online(Talk(found, job, run), moment, flags, now)
        if not flags & Create.NO_METADATA:
            with found.locked() as state:
                there = state.snapshots
            self._keep_snapshots(found, there.added(moment, current=True))
        if flags & Create.HALT and run is not None:
            self._end(found, run, Shutoff.FROM_SNAPSHOT, Stopped.FROM_SNAPSHOT)
        self._keep_status(found)
        return DomainSnapshotHandle(moment.name, handle)

    @contextmanager
    def _quiesced(self, dom: DomainHandle, *, wanted: bool) -> Iterator[None]:
        """The guest's file systems hold still for the block, if that is wanted."""
        if not wanted:
            yield
            return
        with self._agent(dom, JobKind.AGENT_MODIFY) as talk:
            freeze(talk.agent)
        try:
            yield
        except BaseException:
            with suppress(VirtError, LockError), self._agent(dom, JobKind.AGENT_MODIFY) as talk:
                thaw(talk.agent)
            raise
        with self._agent(dom, JobKind.AGENT_MODIFY) as talk:
            thaw(talk.agent)

    def _planned(
        self, xml: str, definition: Domain, config: Domain | None, now: int, there: Moments, flags: int
    ) -> Moment:
        """The snapshot that a document asks for, if it can be taken of the domain as it is."""
        active, disk_only = now != DomainState.SHUTOFF, bool(flags & Create.DISK_ONLY)
        moment = parse_snapshot(xml, time.time(), offline=not active or disk_only)
        if not flags & Create.NO_METADATA:
            check_name(moment.name)
        external = moment.memory is not None and moment.memory.get("snapshot") == "external"
        if flags & Create.LIVE and not (active and external):
            detail = "live snapshot creation is supported only during full system snapshots"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
        if now == DomainState.PMSUSPENDED:
            detail = "qemu doesn't support taking snapshots of PMSUSPENDED guests"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
        state = "disk-snapshot" if disk_only and active else STATES.get(now, "shutoff")
        where = "external" if disk_only or external else "internal"
        disks = align(moment.disks, definition, where, moment.name, regular_files(definition))
        memory = moment.memory if external else Node("memory", {"snapshot": "internal" if active else "no"})
        if disk_only:
            memory = Node("memory", {"snapshot": "no"})
        more = () if config is None or not active else (kept(config, "inactiveDomain"),)
        more = (*more, cookie(definition)) if active else more
        made = replace(moment, parent=there.current, state=state, memory=memory, disks=disks, more=more)
        made = prepare(made, definition, active=active, reuse=bool(flags & Create.REUSE_EXT))
        if moment.name in there.by_name and not flags & Create.NO_METADATA:
            raise already_exists(moment.name)
        return made


def _check_combinations(flags: int) -> None:
    if flags & Create.QUIESCE and not flags & Create.DISK_ONLY:
        detail = "Flag 'VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY' is required by flag 'VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE'"
        raise VirtError(ErrorCode.INVALID_ARG, detail, verbatim=True)
    if flags & Create.LIVE and flags & Create.REDEFINE:
        detail = (
            "Flags 'VIR_DOMAIN_SNAPSHOT_CREATE_LIVE' and 'VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE' are mutually exclusive"
        )
        raise VirtError(ErrorCode.INVALID_ARG, detail, verbatim=True)
