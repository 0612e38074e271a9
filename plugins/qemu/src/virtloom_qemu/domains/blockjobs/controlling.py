"""What can be said to a block job that runs: how far are you, go slower, end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from virtloom.driver.constants.domain_job import DomainBlockJobAbortFlags as Abort
from virtloom.driver.constants.domain_job import DomainBlockJobInfoFlags as Info
from virtloom.driver.constants.domain_job import DomainBlockJobSetSpeedFlags as Speed
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.blockjobs.job import ABORTING, ACTIVE_COMMIT, COPY, PIVOTING, READY, BlockJob, job_of, no_job
from virtloom_qemu.blockjobs.nodes import attach, detach, wait
from virtloom_qemu.command.block.image import image_of
from virtloom_qemu.command.block.nodes import block_nodes
from virtloom_qemu.domains.blockjobs.base import MIB, BlockJobCalls, speed_of
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.storage.layers import chain_of_disk, mirror_as_disk

END_WITHIN = 300.0  # seconds for a job to end that was told to; what it has in flight is written first


class Controlling(BlockJobCalls):
    """The calls about jobs that run."""

    def domain_get_block_job_info(self, dom: DomainHandle, path: str, flags: int) -> tuple[int, int, int, int, int]:
        """`virDomainGetBlockJobInfo`: whether there is one, its type, its bandwidth, and how far it is of what."""
        self._check_flags(flags, Info.BANDWIDTH_BYTES, "DomainGetBlockJobInfo")
        with self._disk_of(dom, path, JobKind.QUERY) as (talk, disk):
            with talk.found.locked() as state:
                job = job_of(state.block_jobs, disk.name)
            if job is None:
                return 0, 0, 0, 0, 0
            told = next((one for one in talk.ask("query-block-jobs") if one["device"] == job.name), None)
        if told is None:
            return 1, job.type, 0, 0, 1  # it has ended, and that is being dealt with
        speed = int(told["speed"])
        if not flags & Info.BANDWIDTH_BYTES:
            speed = -(-speed // MIB)
        return 1, job.type, speed, *_progress(told)

    def domain_block_job_set_speed(self, dom: DomainHandle, path: str, bandwidth: int, flags: int) -> None:
        """`virDomainBlockJobSetSpeed`"""
        self._check_flags(flags, Speed.BANDWIDTH_BYTES, "DomainBlockJobSetSpeed")
        speed = speed_of(bandwidth, flags & Speed.BANDWIDTH_BYTES)
        with self._disk_of(dom, path) as (talk, disk):
            talk.ask("block-job-set-speed", device=self._job_on(talk, disk).name, speed=speed)

    def domain_block_job_abort(self, dom: DomainHandle, path: str, flags: int) -> None:
        """`virDomainBlockJobAbort`"""
        self._check_flags(flags, Abort.ASYNC | Abort.PIVOT, "DomainBlockJobAbort")
        with self._disk_of(dom, path) as (talk, disk):
            job = self._job_on(talk, disk)
            if job.ending:
                detail = f"block job on disk '{disk.name}' is still being ended"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail)
            if flags & Abort.PIVOT:
                self._pivot(talk, disk, job)
            else:
                self._tell_to_end(talk, job, ABORTING, "block-job-cancel", device=job.name)
            self._keep_status(talk.found)
            if flags & Abort.ASYNC:
                return
            wait(talk, job.name, END_WITHIN)
            error = self._conclude(talk, job.name)
        if flags & Abort.PIVOT and error is not None:
            detail = f"block job '{job.name}' failed while pivoting: {error}"
            raise VirtError(ErrorCode.OPERATION_FAILED, detail)

    @staticmethod
    def _job_on(talk: Talk, disk: Disk) -> BlockJob:
        with talk.found.locked() as state:
            job = job_of(state.block_jobs, disk.name)
        if job is None:
            raise no_job(disk.name)
        return job

    def _pivot(self, talk: Talk, disk: Disk, job: BlockJob) -> None:
        """Have the disk go over to its mirror (`qemuBlockPivot`)."""
        if job.state != READY:
            raise VirtError(ErrorCode.BLOCK_COPY_ACTIVE, f"block job '{job.name}' not ready for pivot yet")
        if job.kind not in (COPY, ACTIVE_COMMIT):
            raise VirtError(ErrorCode.OPERATION_INVALID, f"job type '{job.kind}' does not support pivot")
        late = chain_of_disk(mirror_as_disk(disk)) if job.kind == COPY and job.shallow and job.reuse else None
        if late is not None and len(late.layers) > 1:
            self._open_behind(talk, disk)
        try:
            self._tell_to_end(talk, job, PIVOTING, "job-complete", id=job.name)
        except VirtError:
            if late is not None:
                detach(talk, late.layers[1:])
            raise

    @staticmethod
    def _open_behind(talk: Talk, disk: Disk) -> None:
        """Open what is behind an image that was there before the copy: so late, since it may be filled meanwhile."""
        image = image_of(mirror_as_disk(disk).node())
        assert image is not None
        assert image.backing is not None
        attach(talk, block_nodes(image.backing))
        data = {"node": image.backing.format_node, "overlay": image.format_node}
        try:
            talk.ask("transaction", actions=[{"type": "blockdev-snapshot", "data": data}])
        except VirtError:
            detach(talk, chain_of_disk(mirror_as_disk(disk)).layers[1:])
            raise

    def _tell_to_end(self, talk: Talk, job: BlockJob, state_: str, command: str, **arguments: Any) -> None:
        """Say it to QEMU; how the job ends is known before it can have ended."""
        with talk.state() as state:
            self._set_job(state, replace(job, state=state_))
        try:
            talk.ask(command, **arguments)
        except VirtError:
            with talk.state() as state:
                self._set_job(state, job)
            raise


def _progress(told: dict[str, Any]) -> tuple[int, int]:
    """How far a job is, as clients are to see it (`qemuBlockJobInfoTranslate`): done only when it is ready."""
    done, total, ready = int(told["offset"]), int(told["len"]), bool(told.get("ready"))
    if done == total == 0:
        return (1, 1) if ready else (0, 1)
    return (done - 1 if done == total and done and not ready else done), total
