"""What follows when a block job is ready or has ended: for the definitions, the images, and whoever listens.

QEMU tells of a job's steps by events, and keeps a job that has ended until it is dismissed. That is done when the
outcome is on disk: a daemon that is killed before finds the job again, and one that is killed after has dealt with it.

Ends are dealt with on a thread of their own, inside a MODIFY job: the guest's worker must not wait for jobs, since who
holds one may wait for an event.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import replace

from virtloom.driver.constants.domain_event import ConnectDomainEventBlockJobStatus as Told
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.errors import VirtError
from virtloom.locks import Guarded, JobKind, LockError, ObjectGone
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.blockjobs.job import ABORTING, COPY, PIVOTING, READY, RUNNING, BlockJob
from virtloom_qemu.blockjobs.nodes import detach, job_status, wait
from virtloom_qemu.blockjobs.outcomes import Outcome, came_to_nothing, succeeded
from virtloom_qemu.monitor import MonitorEvent
from virtloom_qemu.runs.phases.ending import Ending
from virtloom_qemu.runs.state import QemuDomain, Run
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.storage.layers import Layer, chain_of_disk, mirror_as_disk, mirror_of, with_disk

WITHIN = 3600.0  # seconds for the domain to be free: a save or a snapshot may take that long
CANCEL_WITHIN = 60.0  # seconds for a job that is cancelled to end
OWN = ("pull-", "commit-", "copy-")  # what the names of our jobs begin with


class BlockJobEvents(Ending):
    """Dealing with what guests tell of their block jobs."""

    def _on_job_status(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        name, status = str(event.data.get("id")), event.data.get("status")
        with found.locked() as state:
            if state.run is not run or name not in state.block_jobs:
                return
            if status == "ready":
                self._ready(state, name)
                found.publish(state.view())
        if status == "ready":
            self._keep_status(found)
        elif status == "concluded":
            thread = threading.Thread(target=lambda: self._conclude_later(found, run, name), name=name, daemon=True)
            thread.start()

    def _ready(self, state: QemuDomain, name: str) -> None:
        """A mirror is in step with its disk; under the domain's lock."""
        job = state.block_jobs[name]
        if job.state != RUNNING:
            return
        self._set_job(state, replace(job, state=READY))
        self._tell_of_job(state, job, Told.READY)

    @staticmethod
    def _set_job(state: QemuDomain, job: BlockJob) -> None:
        """Put a job's state where it is shown: with the job, and in the disk's `<mirror>`; under the domain's lock."""
        state.block_jobs = {**state.block_jobs, job.name: job}
        state.status_version += 1
        disk = next((one for one in state.definition.parts.disks if one.name == job.disk), None)
        if disk is None or disk.mirror is None:
            return
        ready = {READY: "yes", PIVOTING: "pivot", ABORTING: "abort"}.get(job.state)
        mirror = mirror_of(chain_of_disk(mirror_as_disk(disk)), job.kind, ready)
        state.definition = with_disk(state.definition, disk.replace(mirror=mirror))

    def _tell_of_job(self, state: QemuDomain, job: BlockJob, status: int) -> None:
        disk = next((one for one in state.definition.parts.disks if one.name == job.disk), None)
        if disk is None:
            return
        if disk.path is not None:
            self._emit(DomainEventID.BLOCK_JOB, state.handle, (disk.path, job.type, status))
        self._emit(DomainEventID.BLOCK_JOB_2, state.handle, (job.disk, job.type, status))

    def _conclude_later(self, found: Guarded[QemuDomain], run: Run, name: str) -> None:
        try:
            with found.job(JobKind.MODIFY, "block job", timeout=WITHIN) as job:
                with found.locked() as state:
                    if state.run is not run:
                        return
                self._conclude(Talk(found, job, run), name)
        except (VirtError, LockError) as error:
            over = found.gone
            with suppress(ObjectGone), found.locked() as state:
                over = state.run is not run
            if not over:
                self.host.log.error("the end of block job %s could not be dealt with: %s", name, error)

    def _conclude(self, talk: Talk, name: str) -> str | None:
        """Deal with a job that has ended, in a MODIFY job; one that was dealt with before, or goes on, is passed over.

        :return: why it failed; None if it did not.
        """
        told = job_status(talk, name)
        if told.get("status") != "concluded":
            return None
        error: str | None = told.get("error")
        with talk.state() as state:
            job, live = state.block_jobs.get(name), state.definition
            config = state.config if state.persistent else None
        if job is None:
            return None
        done = error is None and (job.state == PIVOTING or job.kind != COPY)
        done = done and job.state != ABORTING
        outcome = (succeeded if done else came_to_nothing)(job, live, config)
        status = Told.CANCELED if job.state == ABORTING else Told.FAILED if error is not None else Told.COMPLETED
        self._adopt(talk, job, outcome, config, status)
        talk.tries("job-dismiss", id=name)  # until then it keeps its images open
        detach(talk, outcome.gone)
        if done and job.delete:
            _remove(outcome.gone)
        return error

    def _adopt(self, talk: Talk, job: BlockJob, outcome: Outcome, config: Domain | None, status: int) -> None:
        """Put an outcome into the definitions, and tell."""
        if outcome.config is not None and outcome.config is not config:
            self.write_definition(outcome.config)
        with talk.state() as state:
            state.definition = outcome.live
            if outcome.config is not None and outcome.config is not config:
                state.set_config(outcome.config)
            state.block_jobs = {name: one for name, one in state.block_jobs.items() if name != job.name}
            state.status_version += 1
            self._tell_of_job(state, job, status)
        self._keep_status(talk.found)

    def _catch_up_with_jobs(self, talk: Talk) -> None:
        """What became of a guest's block jobs while no daemon was there: they go on, or their ends are dealt with."""
        told = {one["id"]: one for one in talk.ask("query-jobs")}
        with talk.state() as state:
            known = dict(state.block_jobs)
            for job in known.values():
                if told.get(job.name, {}).get("status") == "ready":
                    self._ready(state, job.name)
        for job in known.values():
            if job.held and not job.ending and told.get(job.name, {}).get("status", "concluded") != "concluded":
                self._cancel_held(talk, job)
            if job.name in told:
                self._conclude(talk, job.name)
            else:
                self._forget_job(talk, job)
        for name, one in told.items():
            if name not in known and name.startswith(OWN) and one["status"] == "concluded":
                talk.tries("job-dismiss", id=name)

    @staticmethod
    def _cancel_held(talk: Talk, job: BlockJob) -> None:
        """Have a job end whose call died with its daemon; an end that takes long is dealt with when it is told."""
        talk.tries("job-cancel", id=job.name)
        with suppress(VirtError):
            wait(talk, job.name, CANCEL_WITHIN)

    def _forget_job(self, talk: Talk, job: BlockJob) -> None:
        """QEMU does not know a job that was noted: it had never begun."""
        with talk.state() as state:
            outcome = came_to_nothing(job, state.definition, None)
        self._adopt(talk, job, outcome, None, Told.FAILED)


def _remove(gone: tuple[Layer, ...]) -> None:
    """Remove the files of images that were committed."""
    for layer in gone:
        if layer.type == "file" and layer.path is not None:
            with suppress(OSError):
                os.unlink(layer.path)
