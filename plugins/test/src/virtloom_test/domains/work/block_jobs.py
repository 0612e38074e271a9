"""Block jobs: pull, copy, commit; they run beside the guest, and their progress is read from the scripted clock.

A job that copies or commits the active layer is ready when its time has passed, and waits then to be pivoted to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

from virtloom.driver.constants.domain_event import ConnectDomainEventBlockJobStatus as Status
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.constants.domain_job import DomainBlockJobType as Type
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import LockError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom_test.domains.base import DomainsBase
from virtloom_test.domains.state import TestDomain
from virtloom_test.domains.tuning import find_disk
from virtloom_test.time.clock import SECOND

DISK_SIZE = 1 << 30  # bytes of every disk, as far as block jobs are concerned
PIVOT = 1 << 1  # of virDomainBlockJobAbortFlags
COMMIT_ACTIVE = 1 << 2  # of virDomainBlockCommitFlags
REBASE_COPY = 1 << 3  # of virDomainBlockRebaseFlags
BANDWIDTH_BYTES = 1 << 0  # of virDomainBlockJobInfoFlags
LOOK_EVERY = 0.05  # real seconds

_numbers = count(1)


@dataclass(frozen=True)
class BlockJob:
    """One block job.

    :ivar number: its own among all jobs; :ivar mirror: what the disk's source becomes by a pivot, if anything.
    :ivar began: ends: nanoseconds of the hosts' clock.
    :ivar bandwidth: bytes per second, 0 for no limit.
    """

    number: int
    type: int
    disk: str
    path: str
    began: int
    ends: int
    bandwidth: int = 0
    mirror: Node | None = None
    ready: bool = False

    def done(self, now: int) -> int:
        """How many bytes were done at a time of the clock."""
        if now >= self.ends:
            return DISK_SIZE
        return int(DISK_SIZE * (now - self.began) / (self.ends - self.began))


class BlockJobs(DomainsBase):
    """The calls for block jobs."""

    def domain_block_pull(self, dom: DomainHandle, path: str, bandwidth: int, flags: int) -> None:
        """`virDomainBlockPull`, the bandwidth in MiB/s."""
        self._begin(dom, path, Type.PULL, bandwidth << 20)

    def domain_block_rebase(self, dom: DomainHandle, path: str, base: str | None, bandwidth: int, flags: int) -> None:
        """`virDomainBlockRebase`: a pull, or with a flag the older form of a copy."""
        if flags & REBASE_COPY:
            self._begin(dom, path, Type.COPY, bandwidth << 20, Node("source", {"file": base or ""}))
        else:
            self._begin(dom, path, Type.PULL, bandwidth << 20)

    def domain_block_copy(
        self, dom: DomainHandle, path: str, destxml: str, params: Sequence[TypedParam], flags: int
    ) -> None:
        """`virDomainBlockCopy`"""
        source = document.parse(destxml, "disk_definition").find("source")
        if source is None:
            raise VirtError(ErrorCode.INVALID_ARG, "the destination of a copy must have a source")
        bandwidth = next((int(param.value) for param in params if param.name == "bandwidth"), 0)
        self._begin(dom, path, Type.COPY, bandwidth, source)

    def domain_block_commit(
        self, dom: DomainHandle, disk: str, base: str | None, top: str | None, bandwidth: int, flags: int
    ) -> None:
        """`virDomainBlockCommit`, the bandwidth in MiB/s."""
        if flags & COMMIT_ACTIVE:
            mirror = Node("source", {"file": base}) if base else None
            self._begin(dom, disk, Type.ACTIVE_COMMIT, bandwidth << 20, mirror)
        else:
            self._begin(dom, disk, Type.COMMIT, bandwidth << 20)

    def _begin(self, dom: DomainHandle, path: str, kind: int, bandwidth: int, mirror: Node | None = None) -> None:
        now, seconds = self.stage.clock.now_ns(), self.stage.tempo.seconds("block")
        with self._changing(dom) as state:
            state.require_active()
            disk = find_disk(state.definition, path)
            if disk is None:
                raise VirtError(ErrorCode.INVALID_ARG, f"disk '{path}' was not found in the domain config")
            if disk.name in state.block_jobs:
                raise VirtError(ErrorCode.BLOCK_COPY_ACTIVE, f"disk '{disk.name}' already in active block job")
            ends = now + int(seconds * SECOND)
            job = BlockJob(next(_numbers), kind, disk.name, disk.path or "", now, ends, bandwidth, mirror)
            state.block_jobs = {**state.block_jobs, disk.name: job}
            run = state.handle.id
        self.host.background(lambda: self._work(dom, job, run))

    def _work(self, dom: DomainHandle, job: BlockJob, run: int) -> None:
        """Let a job's time pass, in the background, unless it or the guest ends before."""
        while not self.stage.clock.wait(job.ends, LOOK_EVERY):
            if self.stage.ended.is_set() or not self._runs(dom, job, run):
                return
        try:
            with self._changing(dom) as state:
                if state.block_jobs.get(job.disk) != job or state.id != run:
                    return
                if job.type in (Type.COPY, Type.ACTIVE_COMMIT):
                    state.block_jobs = {**state.block_jobs, job.disk: replace(job, ready=True)}
                    self._tell(state, job, Status.READY)
                else:
                    self._end(state, job, Status.COMPLETED)
        except (LockError, VirtError):
            return  # the domain is no more

    def _runs(self, dom: DomainHandle, job: BlockJob, run: int) -> bool:
        found = self.domains.find(dom.uuid)
        if found is None or found.published.handle.id != run:
            return False
        try:
            with found.locked() as state:
                return bool(state.block_jobs.get(job.disk) == job)
        except LockError:
            return False

    def _end(self, state: TestDomain, job: BlockJob, status: int) -> None:
        state.block_jobs = {name: one for name, one in state.block_jobs.items() if name != job.disk}
        self._tell(state, job, status)

    def _tell(self, state: TestDomain, job: BlockJob, status: int) -> None:
        self._emit(DomainEventID.BLOCK_JOB, state.handle, (job.path, job.type, status))
        self._emit(DomainEventID.BLOCK_JOB_2, state.handle, (job.disk, job.type, status))

    def domain_block_job_abort(self, dom: DomainHandle, path: str, flags: int) -> None:
        """`virDomainBlockJobAbort`, or with a flag the pivot to the copy."""
        check_flags(flags, 3, "testDomainBlockJobAbort")
        with self._changing(dom) as state:
            job = _job_of(state, path)
            if job is None:
                raise VirtError(ErrorCode.OPERATION_INVALID, f"disk {path} does not have an active block job")
            if not flags & PIVOT:
                self._end(state, job, Status.CANCELED)
                return
            if not job.ready:
                raise VirtError(ErrorCode.BLOCK_COPY_ACTIVE, f"disk '{job.disk}' not ready for pivot yet")
            if job.mirror is not None:
                disks = (
                    disk.replace(source=job.mirror) if disk.name == job.disk else disk
                    for disk in state.definition.parts.disks
                )
                state.definition = state.definition.with_devices(disks=tuple(disks))
            self._end(state, job, Status.COMPLETED)

    def domain_get_block_job_info(self, dom: DomainHandle, path: str, flags: int) -> tuple[int, int, int, int, int]:
        """`virDomainGetBlockJobInfo`: whether there is one, type, bandwidth, how far it is, how far it goes."""
        check_flags(flags, BANDWIDTH_BYTES, "testDomainGetBlockJobInfo")
        with self._reading(dom) as state:
            job = _job_of(state, path)
        if job is None:
            return 0, 0, 0, 0, 0
        bandwidth = job.bandwidth if flags & BANDWIDTH_BYTES else job.bandwidth >> 20
        return 1, job.type, bandwidth, job.done(self.stage.clock.now_ns()), DISK_SIZE

    def domain_block_job_set_speed(self, dom: DomainHandle, path: str, bandwidth: int, flags: int) -> None:
        """`virDomainBlockJobSetSpeed`: in MiB/s, or with a flag in bytes; the job ends when the rest is done."""
        speed = bandwidth if flags & BANDWIDTH_BYTES else bandwidth << 20
        now = self.stage.clock.now_ns()
        with self._changing(dom) as state:
            job = _job_of(state, path)
            if job is None:
                raise VirtError(ErrorCode.OPERATION_INVALID, f"disk {path} does not have an active block job")
            left = DISK_SIZE - job.done(now)
            ends = now + left * SECOND // speed if speed else job.ends
            began = now - (job.done(now) * (ends - now) // left if left else 0)
            changed = replace(job, number=next(_numbers), began=began, ends=ends, bandwidth=speed)
            state.block_jobs = {**state.block_jobs, job.disk: changed}
            run = state.handle.id
        self.host.background(lambda: self._work(dom, changed, run))


def _job_of(state: TestDomain, path: str) -> BlockJob | None:
    state.require_active()
    disk = find_disk(state.definition, path)
    if disk is None:
        raise VirtError(ErrorCode.INVALID_ARG, f"disk '{path}' was not found in the domain config")
    job: BlockJob | None = state.block_jobs.get(disk.name)
    return job
