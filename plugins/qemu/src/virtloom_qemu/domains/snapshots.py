"""Snapshots: a guest's definition, its disks and perhaps its memory at a moment, to go back to."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from virtloom.driver.constants.domain_event import DomainEventStartedDetail as Started
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_event import DomainEventSuspendedDetail as Suspended
from virtloom.driver.constants.domain_state import DomainPausedReason as Paused
from virtloom.driver.constants.domain_state import DomainRunningReason as Running
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.constants.snapshot import DomainSnapshotCreateFlags as Create
from virtloom.driver.constants.snapshot import DomainSnapshotDeleteFlags as Delete
from virtloom.driver.constants.snapshot import DomainSnapshotRevertFlags as Revert
from virtloom.driver.domains.base import uuid_text
from virtloom.driver.domains.moments import Moment, Moments, already_exists
from virtloom.driver.domains.moments.disks import align, regular_files
from virtloom.driver.domains.moments.redefining import checked_redefinition
from virtloom.driver.domains.moments.snapshots import is_external, parse_redefinition, parse_snapshot
from virtloom.driver.domains.snapshots import DomainSnapshots, require_snapshot
from virtloom.driver.handles import DomainHandle, DomainSnapshotHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, Job, JobKind, LockError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.formatting import format_domain, without_aliases
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.domains.life import Beginnings
from virtloom_qemu.domains.save import Saving
from virtloom_qemu.runs.beginning import Start
from virtloom_qemu.runs.state import QemuDomain
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.saving import image, transfer
from virtloom_qemu.saving.image import Image
from virtloom_qemu.snapshots.checks import check_name, prepare
from virtloom_qemu.snapshots.documents import SnapshotFolder
from virtloom_qemu.storage.chain import format_of
from virtloom_qemu.storage.images import Images
from virtloom_qemu.storage.overlays import Overlay, next_index, overlaid, put

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
REVERT_FLAGS = Revert.RUNNING | Revert.PAUSED | Revert.FORCE | Revert.RESET_NVRAM
DELETE_FLAGS = Delete.CHILDREN | Delete.METADATA_ONLY | Delete.CHILDREN_ONLY
STATES = {
    DomainState.RUNNING: "running",
    DomainState.PAUSED: "paused",
    DomainState.SHUTDOWN: "shutdown",
    DomainState.SHUTOFF: "shutoff",
    DomainState.CRASHED: "crashed",
    DomainState.PMSUSPENDED: "pmsuspended",
}
ONLINE = ("running", "paused")
REVERTED = Beginnings(Running.FROM_SNAPSHOT, Paused.FROM_SNAPSHOT, Started.FROM_SNAPSHOT, Suspended.FROM_SNAPSHOT)
SAVE_WITHIN = 3600.0  # seconds for a guest's memory to be written into an image by `savevm`


class Snapshots(Saving, DomainSnapshots[QemuDomain]):
    """The calls that make, delete and go back to snapshots."""

    # What is kept.

    def _folder(self, name: str) -> SnapshotFolder:
        return SnapshotFolder(self.host.dirs.state / "snapshot" / name)

    def _find_snapshots(self) -> None:
        """Learn which snapshots were kept, when the daemon starts."""
        for found in self.domains:
            with found.locked() as state:
                name = state.definition.name
            moments = self._folder(name).load(self.rules.parse)
            with found.locked() as state:
                state.snapshots = moments
                found.publish(state.view())

    def _keep_snapshots(self, found: Guarded[QemuDomain], after: Moments) -> None:
        """Replace a domain's snapshots, on disk and in its state."""
        with found.locked() as state:
            before, name, uuid = state.snapshots, state.definition.name, uuid_text(state.definition.uuid)
        self._folder(name).write_all(before, after, uuid)
        with found.locked() as state:
            state.snapshots = after
            found.publish(state.view())

    def _forget_moments(self, name: str) -> None:
        """See `DomainsBase._forget_moments`."""
        self._folder(name).clear()

    # Making.

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
            persistent = state.persistent
        moment = self._planned(xml, definition, config if persistent else None, now, there, flags)
        if run is None:
            self._take_offline(found, moment, definition)
        else:
            self._take_online(Talk(found, job, run), moment, flags, now)
        if not flags & Create.NO_METADATA:
            with found.locked() as state:
                there = state.snapshots
            self._keep_snapshots(found, there.added(moment, current=True))
        if flags & Create.HALT and run is not None:
            self._end(found, run, Shutoff.FROM_SNAPSHOT, Stopped.FROM_SNAPSHOT)
        self._keep_status(found)
        return DomainSnapshotHandle(moment.name, handle)

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
        if moment.name in there.by_name and not flags & Create.NO_METADATA:
            raise already_exists(moment.name)
        more = () if config is None or not active else (kept(config, "inactiveDomain"),)
        made = replace(
            moment, parent=there.current, state=state, memory=memory, disks=disks, domain=shown(definition), more=more
        )
        return prepare(made, definition, active=active, reuse=bool(flags & Create.REUSE_EXT))

    # Of a domain that does not run.

    def _take_offline(self, found: Guarded[QemuDomain], moment: Moment, definition: Domain) -> None:
        images = Images(self.host.run)
        if not any(row.get("snapshot") == "external" for row in moment.disks):
            self._snapshot_images(definition, moment.name, "-c")
            return
        made: list[Path] = []
        disks = []
        try:
            for row, disk in zip(moment.disks, definition.parts.disks, strict=True):
                if row.get("snapshot") != "external":
                    disks.append(disk)
                    continue
                path, form = target_of(row)
                if not Path(path).exists() or not Path(path).stat().st_size:
                    images.create(path, form, backing=(disk.path or "", format_of(disk)))
                    made.append(Path(path))
                disks.append(overlaid(disk, row.get("type") or "file", path, form, None))
            changed = definition.with_devices(disks=tuple(disks))
            self.write_definition(changed)
        except BaseException:
            for path_made in made:
                path_made.unlink(missing_ok=True)
            raise
        with found.locked() as state:
            state.set_config(changed)
            found.publish(state.view())

    def _snapshot_images(self, definition: Domain, name: str, option: str, *, try_all: bool = False) -> None:
        """Do something with a snapshot inside each image of a domain (`qemuDomainSnapshotForEachQcow2`)."""
        images, done = Images(self.host.run), []
        for disk in definition.parts.disks:
            if disk.device != "disk" or disk.path is None or disk.readonly:
                continue
            if format_of(disk) != "qcow2":
                if try_all:
                    continue
                raise invalid(f"Disk device '{disk.name}' does not support snapshotting")
            try:
                images.snapshot(disk.path, option, name)
                done.append(disk.path)
            except VirtError:
                if try_all:
                    continue
                if option == "-c":
                    for path in done:
                        with suppress(VirtError):
                            images.snapshot(path, "-d", name)
                raise

    # Of a guest that runs.

    def _take_online(self, talk: Talk, moment: Moment, flags: int, now: int) -> None:
        running = now == DomainState.RUNNING
        memory = moment.memory.get("snapshot") if moment.memory is not None else "no"
        pause = running and memory != "no" and not flags & Create.LIVE
        resume = running and not flags & Create.HALT
        if pause:
            self._hold(talk, Paused.SNAPSHOT)
        try:
            if memory == "internal":
                printed = talk.human(f"savevm {moment.name}", timeout=SAVE_WITHIN)
                if printed.strip():
                    raise VirtError(ErrorCode.OPERATION_FAILED, f"Failed to take snapshot: {printed.strip()}")
            else:
                self._take_external(talk, moment, running=running)
        except BaseException:
            if running:
                with suppress(VirtError, LockError):
                    self._resume_if_stopped(talk)
            raise
        if resume:
            self._resume_if_stopped(talk)

    def _resume_if_stopped(self, talk: Talk) -> None:
        with talk.state() as state:
            self._follow(state)
            stopped = state.state == DomainState.PAUSED
        if stopped:
            self._go_on(talk, Running.UNPAUSED)

    def _take_external(self, talk: Talk, moment: Moment, *, running: bool) -> None:
        """New images on top of those that are open, after the memory was written, if it is part of it."""
        with talk.state() as state:
            live = state.definition
        memory = None
        if moment.memory is not None and moment.memory.get("snapshot") == "external":
            memory = Path(moment.memory.get("file") or "")
            self._write_memory(talk, memory, live, running=running)
        made: list[Path] = []
        try:
            overlays = self._overlays(moment, live, made)
            if overlays:
                put(talk, overlays)
        except BaseException:
            for path in [*made, *([memory] if memory is not None else [])]:
                path.unlink(missing_ok=True)
            raise
        self._use_overlays(talk, overlays)

    def _write_memory(self, talk: Talk, path: Path, live: Domain, *, running: bool) -> None:
        made = Image(format_domain(live, secure=True, inactive=True), running)
        descriptor = image.create(path, made)
        try:
            transfer.send(talk, descriptor)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        image.complete(path, made)

    def _overlays(self, moment: Moment, live: Domain, made: list[Path]) -> list[Overlay]:
        """Make the new images; each that was made is noted."""
        images, index, overlays = Images(self.host.run), next_index(live), []
        for row, disk in zip(moment.disks, live.parts.disks, strict=True):
            if row.get("snapshot") != "external":
                continue
            path, form = target_of(row)
            file = Path(path)
            if not file.exists() or not file.stat().st_size:
                images.create(path, form, backing=(disk.path or "", format_of(disk)))
                made.append(file)
            overlays.append(Overlay(disk, overlaid(disk, row.get("type") or "file", path, form, index)))
            index += 1
        return overlays

    def _use_overlays(self, talk: Talk, overlays: list[Overlay]) -> None:
        """Put new images into the definitions, the kept one as well where it has the same disk."""
        changed = {one.disk.name: one for one in overlays}
        with talk.state() as state:
            disks = state.definition.parts.disks
            state.definition = state.definition.with_devices(
                disks=tuple(changed[disk.name].over if disk.name in changed else disk for disk in disks)
            )
            config = with_sources(state.config, changed) if state.persistent else None
            state.status_version += 1
        if config is not None:
            self.write_definition(config)
            with talk.state() as state:
                state.set_config(config)
        self._keep_status(talk.found)

    # Going back.

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
        start = Start(load_snapshot=moment.name if online else None)
        talk = self._begin(found, job, moment.domain if online else config, start)
        paused = not flags & Revert.RUNNING and bool(moment.state == "paused" or flags & Revert.PAUSED)
        self._set_going(talk, paused=paused, how=REVERTED)

    # Deleting.

    def domain_snapshot_delete(self, snap: DomainSnapshotHandle, flags: int) -> None:
        """`virDomainSnapshotDelete`"""
        self._check_flags(flags, DELETE_FLAGS, "SnapshotDelete")
        found = self._find(snap.dom)
        children, only = bool(flags & Delete.CHILDREN), bool(flags & Delete.CHILDREN_ONLY)
        with found.job(JobKind.SNAPSHOT) as job:
            with found.locked() as state:
                there, run, definition = state.snapshots, state.run, state.definition
                require_snapshot(there, snap.name)
            doomed = there.descendants(snap.name) if children or only else []
            doomed = doomed if only else [there.by_name[snap.name], *doomed]
            if not flags & Delete.METADATA_ONLY:
                self._refuse_external(doomed, snap.name, children=children or only)
                for moment in doomed:
                    if run is not None:
                        self._delete_online(Talk(found, job, run), moment)
                    else:
                        self._snapshot_images(moment.domain or definition, moment.name, "-d", try_all=True)
            self._keep_snapshots(found, there.without(snap.name, children=children, only_children=only))

    @staticmethod
    def _delete_online(talk: Talk, moment: Moment) -> None:
        printed = talk.human(f"delvm {moment.name}", timeout=SAVE_WITHIN).strip()
        if printed and "does not have the requested snapshot" not in printed:
            raise VirtError(ErrorCode.OPERATION_FAILED, f"Failed to delete snapshot: {printed}")

    @staticmethod
    def _refuse_external(doomed: list[Moment], name: str, *, children: bool) -> None:
        outside = [moment for moment in doomed if is_external(moment)]
        if not outside:
            return
        detail = "deletion of external children disk snapshots not supported"
        if not children:
            detail = f"deletion of {len(outside)} external disk snapshots not supported yet"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)


def _check_combinations(flags: int) -> None:
    if flags & Create.QUIESCE and not flags & Create.DISK_ONLY:
        detail = "Flag 'VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY' is required by flag 'VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE'"
        raise VirtError(ErrorCode.INVALID_ARG, detail, verbatim=True)
    if flags & Create.LIVE and flags & Create.REDEFINE:
        detail = (
            "Flags 'VIR_DOMAIN_SNAPSHOT_CREATE_LIVE' and 'VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE' are mutually exclusive"
        )
        raise VirtError(ErrorCode.INVALID_ARG, detail, verbatim=True)


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


def target_of(row: Node) -> tuple[str, str]:
    """The path and the format of the new image that a snapshot's disk gets."""
    source, driver = row.find("source"), row.find("driver")
    path = (source.get("file") or source.get("dev") if source is not None else None) or ""
    return path, (driver.get("type") if driver is not None else None) or "qcow2"


def shown(definition: Domain) -> Domain:
    """A definition as a snapshot keeps it: without what only its run had."""
    return Domain.read(kept(definition, "domain"))


def kept(definition: Domain, tag: str) -> Node:
    """The element of a definition in a snapshot's document."""
    node = without_aliases(definition.replace(id=None).node())
    node.tag = tag
    return node


def with_sources(config: Domain, changed: dict[str, Overlay]) -> Domain:
    """The kept definition with the new images, for disks that it has from the same image."""
    disks = []
    for disk in config.parts.disks:
        one = changed.get(disk.name)
        if one is None or one.disk.path != disk.path:
            disks.append(disk)
            continue
        path, form = one.over.path or "", format_of(one.over)
        disks.append(overlaid(disk, one.over.type, path, form, None))
    return config.with_devices(disks=tuple(disks))
