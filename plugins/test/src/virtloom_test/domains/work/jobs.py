"""Watching and aborting the job of a domain (`virDomainGetJobStats` and its like)."""

from __future__ import annotations

from virtloom.driver.constants.domain_job import DomainJobType as Type
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, Job
from virtloom_test.domains.base import DomainsBase
from virtloom_test.domains.state import TestDomain
from virtloom_test.time.progress import OPERATIONS, SIZES, stats

COMPLETED, KEEP_COMPLETED = 1, 2  # of virDomainGetJobStatsFlags


class JobCalls(DomainsBase):
    """The calls about the job that runs."""

    def domain_get_job_info(self, dom: DomainHandle) -> tuple[int, ...]:
        """`virDomainGetJobInfo`: times in ms, sizes in bytes."""
        job = _running(self._find(dom))
        if job is None:
            return (Type.NONE, *([0] * 11))
        sizes = (getattr(job.progress, name) or 0 for name in SIZES)
        return (Type.BOUNDED, int(job.age * 1000), job.progress.remaining_ms or 0, *sizes)

    def domain_get_job_stats(self, dom: DomainHandle, flags: int) -> tuple[int, list[TypedParam]]:
        """`virDomainGetJobStats`, of the job that runs or of the one that has ended last."""
        check_flags(flags, COMPLETED | KEEP_COMPLETED, "testDomainGetJobStats")
        found = self._find(dom)
        if flags & COMPLETED:
            with found.locked() as state:
                last = state.last_job
                if not flags & KEEP_COMPLETED:
                    state.last_job = None
            return (Type.NONE, []) if last is None else (Type.COMPLETED, list(last))
        job = _running(found)
        return (Type.NONE, []) if job is None else (Type.BOUNDED, stats(job))

    def domain_abort_job(self, dom: DomainHandle) -> None:
        """`virDomainAbortJob`"""
        self.domain_abort_job_flags(dom, 0)

    def domain_abort_job_flags(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainAbortJobFlags`"""
        check_flags(flags, 0, "testDomainAbortJobFlags")
        found = self._find(dom)
        running = _running(found)
        with found.locked() as state:
            if running is None:  # one that is being started or restored does not run yet
                state.require_active()
        if running is None or found.abort_job("canceled by client") is None:
            raise VirtError(ErrorCode.OPERATION_INVALID, "no job is active on the domain")


def _running(found: Guarded[TestDomain]) -> Job | None:
    """The job of a domain that can be watched; bookkeeping of a few microseconds is none."""
    return next((job for job in found.jobs.running if job.kind in OPERATIONS), None)
