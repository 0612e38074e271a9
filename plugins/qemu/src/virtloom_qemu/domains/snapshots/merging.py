"""Deleting a snapshot of new images: what each has is written into the one behind it, by QEMU.

All images are written before the first one goes, so that a failure, an abort or the daemon's death until then leaves
the snapshot and the chains as they were. A domain that is off has its QEMU started for it, its processors stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.driver.domains.moments import Moment, Moments
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, Job, LockError
from virtloom_qemu.blockjobs.job import PIVOTING, BlockJob
from virtloom_qemu.blockjobs.nodes import wait
from virtloom_qemu.domains.blockjobs.committing import Committing, commit_job
from virtloom_qemu.domains.blockjobs.controlling import END_WITHIN, Controlling
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.domains.snapshots.keeping import SnapshotKeeping
from virtloom_qemu.runs.phases.beginning import Start
from virtloom_qemu.runs.state import QemuDomain
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.snapshots.merging import Merge, deleting, images_of, merges_of
from virtloom_qemu.storage.chain import with_chain

MERGE_WITHIN = 24 * 3600.0  # seconds for what an image has to be written into another; `domjobabort` ends it before
WRITTEN = {"ready": "job-complete", "pending": "job-finalize"}  # the states of jobs that wait, and what ends them


class SnapshotMerging(SnapshotKeeping, Committing, Controlling):
    """The images of snapshots, merged away."""

    def _merge_images(self, found: Guarded[QemuDomain], job: Job, moment: Moment, there: Moments) -> None:
        """Write what a snapshot's images have into those behind them, and remove them; in a SNAPSHOT job.

        :raises VirtError: the snapshot can be deleted once more then.
        """
        with found.locked() as state:
            run, definition, managed = state.run, state.definition, state.managed_save
        if run is not None:
            self._merge_online(Talk(found, job, run), moment, there)
            return
        if managed:
            raise invalid("cannot delete external snapshots of a domain that has a managed save image")
        names = images_of(moment)
        disks = tuple(with_chain(disk) if disk.name in names else disk for disk in definition.parts.disks)
        if not merges_of(moment, there, definition.with_devices(disks=disks)):
            return
        talk = self._begin(found, job, definition, Start())
        try:
            self._merge_online(talk, moment, there)
        finally:
            self._end(found, talk.run, Shutoff.SHUTDOWN, None)

    def _merge_online(self, talk: Talk, moment: Moment, there: Moments) -> None:
        with talk.state() as state:
            live = state.definition
        merges = merges_of(moment, there, live)
        for merge in merges:
            self._refuse_unfit(talk, merge.disk)
        jobs = [_job(merge) for merge in merges]
        try:
            for merge, one in zip(merges, jobs, strict=True):
                self._commit(talk, merge.disk, merge.chain, one)
            for one in jobs:
                self._await_written(talk, one)
            self._keep_snapshots(talk.found, there.added(deleting(moment), current=there.current == moment.name))
            for one in jobs:
                self._let_end(talk, one)
        except BaseException:
            self._cancel(talk, jobs)
            raise

    def _await_written(self, talk: Talk, job: BlockJob) -> None:
        if wait(talk, job.name, MERGE_WITHIN, until=WRITTEN).get("status") in WRITTEN:
            return
        error = self._conclude(talk, job.name)
        detail = f"block commit failed while deleting disk '{job.disk}' snapshot: '{error}'"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail)

    def _let_end(self, talk: Talk, job: BlockJob) -> None:
        """Have the image go, now that the one behind it has all of it."""
        status = wait(talk, job.name, END_WITHIN, until=WRITTEN).get("status")
        if status in WRITTEN:
            self._tell_to_end(talk, job, PIVOTING, WRITTEN[status], id=job.name)
            self._keep_status(talk.found)
            wait(talk, job.name, END_WITHIN)
        error = self._conclude(talk, job.name)
        if error is not None:
            detail = f"finishing block job failed while deleting disk '{job.disk}' snapshot: '{error}'"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail)

    def _cancel(self, talk: Talk, jobs: Sequence[BlockJob]) -> None:
        """Have jobs end without an effect. If this call is to end at once, their ends are dealt with after it."""
        with suppress(VirtError, LockError):
            for job in jobs:
                talk.tries("job-cancel", id=job.name)
            for job in jobs:
                wait(talk, job.name, END_WITHIN)
                self._conclude(talk, job.name)


def _job(merge: Merge) -> BlockJob:
    return replace(commit_job(merge.disk, merge.chain, merge.place, merge.place + 1), delete=True, held=True)
