"""Snapshots of a guest that runs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from virtloom.driver.constants.domain_job import DomainJobOperation as Operation
from virtloom.driver.constants.domain_state import DomainPausedReason as Paused
from virtloom.driver.constants.domain_state import DomainRunningReason as Running
from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.constants.snapshot import DomainSnapshotCreateFlags as Create
from virtloom.driver.domains.moments import Moment
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import LockError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.formatting import format_domain
from virtloom_qemu.blockjobs.job import refuse_busy
from virtloom_qemu.domains.snapshots.keeping import SnapshotKeeping
from virtloom_qemu.monitor.human import quoted
from virtloom_qemu.runs.status import Status
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.saving import image, transfer
from virtloom_qemu.saving.allowed import refuse_unsavable
from virtloom_qemu.saving.image import Image
from virtloom_qemu.saving.progress import JobStats
from virtloom_qemu.snapshots.definitions import target_of, with_sources
from virtloom_qemu.snapshots.meanwhile import close_unused, put_meanwhile
from virtloom_qemu.storage.chain import format_of
from virtloom_qemu.storage.images import Images, require_writable
from virtloom_qemu.storage.overlays import Overlay, overlaid, put

SAVE_WITHIN = 3600.0  # seconds for a guest's memory to be written into an image by `savevm`


class OnlineSnapshots(SnapshotKeeping):
    """Snapshots that QEMU itself takes."""

    def _take_online(self, talk: Talk, moment: Moment, flags: int, now: int) -> None:
        running = now == DomainState.RUNNING
        memory = moment.memory.get("snapshot") if moment.memory is not None else "no"
        if memory != "no":
            with talk.state() as state:
                live = state.definition
            refuse_unsavable(talk, live)
            self._can_be_sent(talk)
        pause = running and memory != "no" and not flags & Create.LIVE
        resume = running and not flags & Create.HALT
        if pause:
            self._hold(talk, Paused.SNAPSHOT)
        try:
            if memory == "internal":
                printed = talk.human(f"savevm {quoted(moment.name)}", timeout=SAVE_WITHIN)
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

    def _catch_up(self, talk: Talk, status: Status) -> None:
        """See `Reconnecting`; what a snapshot or another call had opened when a daemon died is dealt with."""
        super()._catch_up(talk, status)
        with talk.state() as state:
            live = state.definition
        overlays = list(put_meanwhile(talk, live))
        if overlays:
            self._use_overlays(talk, overlays)
        with talk.state() as state:
            live = state.definition
        close_unused(talk, live)

    def _resume_if_stopped(self, talk: Talk) -> None:
        with talk.state_regardless() as state:
            self._follow(state)
            stopped = state.state == DomainState.PAUSED
        if stopped:
            self._go_on(talk, Running.UNPAUSED)

    def _take_external(self, talk: Talk, moment: Moment, *, running: bool) -> None:
        """New images on top of those that are open, after the memory was written, if it is part of it."""
        with talk.state() as state:
            live = state.definition
            jobs = state.block_jobs
        for row, disk in zip(moment.disks, live.parts.disks, strict=True):
            if row.get("snapshot") == "external":
                refuse_busy(jobs, disk)
        memory = None
        if moment.memory is not None and moment.memory.get("snapshot") == "external":
            memory = Path(moment.memory.get("file") or "")
            self._write_memory(talk, memory, live, running=running)
        made: list[Path] = []
        try:
            overlays = self._overlays(talk, moment, live, made)
            if overlays:
                put(talk, overlays)
        except BaseException:
            for path in [*made, *([memory] if memory is not None else [])]:
                path.unlink(missing_ok=True)
            raise
        self._use_overlays(talk, overlays)

    def _write_memory(self, talk: Talk, path: Path, live: Domain, *, running: bool) -> None:
        made = Image(format_domain(live, secure=True, inactive=True), running)
        with image.written(path, made) as descriptor, self._working(talk, JobStats(Operation.SNAPSHOT)):
            transfer.send(talk, descriptor)

    def _overlays(self, talk: Talk, moment: Moment, live: Domain, made: list[Path]) -> list[Overlay]:
        """Make the new images; each that was made is noted."""
        images, overlays = Images(self.host.run), []
        for row, disk in zip(moment.disks, live.parts.disks, strict=True):
            if row.get("snapshot") != "external":
                continue
            path, form = target_of(row)
            with talk.found.locked() as state:
                number = state.number_image()
            file = Path(path)
            if not file.exists() or not file.stat().st_size:
                require_writable(file)
                images.create(path, form, backing=(disk.path or "", format_of(disk)))
                made.append(file)
            overlays.append(Overlay(disk, overlaid(disk, row.get("type") or "file", path, form, number)))
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
                state.set_config(config)  # whatever becomes of its file: the guest writes to the new images already
        if config is not None:
            self.write_definition(config)
        self._keep_status(talk.found)
