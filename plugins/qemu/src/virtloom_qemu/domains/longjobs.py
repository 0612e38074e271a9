"""Questions about the long job of a domain, and its abortion: answered while the job runs.

How far it is was told by its owner a moment ago, so no monitor is asked and nothing is waited for.
"""

from __future__ import annotations

from virtloom.driver.constants.domain_job import DomainAbortJobFlags as Abort
from virtloom.driver.constants.domain_job import DomainGetJobStatsFlags as Ask
from virtloom.driver.constants.domain_job import DomainJobType as Type
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam
from virtloom.locks import Guarded, JobKind
from virtloom_qemu.domains.base import LONG, DomainsBase
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.runs.state import QemuDomain
from virtloom_qemu.saving.progress import JobStats

REFUSED = {
    JobKind.START: "cannot abort VM start; use virDomainDestroy instead",
    JobKind.MIGRATE_IN: "cannot abort incoming migration; use virDomainDestroy instead",
}


class LongJobs(DomainsBase):
    """The calls about a domain's long job."""

    def domain_get_job_info(self, dom: DomainHandle) -> tuple[int, ...]:
        """`virDomainGetJobInfo`"""
        stats = self._job_stats(dom, 0)
        return (Type.NONE,) + (0,) * 11 if stats is None else stats.info()

    def domain_get_job_stats(self, dom: DomainHandle, flags: int) -> tuple[int, list[TypedParam]]:
        """`virDomainGetJobStats`: of the job that runs, or of the last one that ended well."""
        self._check_flags(flags, Ask.COMPLETED | Ask.KEEP_COMPLETED, "DomainGetJobStats")
        stats = self._job_stats(dom, flags)
        return (Type.NONE, []) if stats is None else (stats.type, stats.params())

    def _job_stats(self, dom: DomainHandle, flags: int) -> JobStats | None:
        with self._find(dom).locked() as state:
            if not flags & Ask.COMPLETED:
                state.require_active()
                return None if state.work is None else state.work.now()
            if state.work is not None:
                return None
            found = state.completed
            if not flags & Ask.KEEP_COMPLETED:
                state.completed = None
            return found

    def domain_abort_job_flags(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainAbortJobFlags`: the job's owner hears of it between two questions to QEMU, and cleans up."""
        self._check_flags(flags, Abort.POSTCOPY, "DomainAbortJobFlags")
        found = self._find(dom)
        self._refuse_abort(found, flags)
        with found.job(JobKind.ABORT):
            if found.abort_job("it was aborted") is None:
                raise invalid("no job is active on the domain")

    @staticmethod
    def _refuse_abort(found: Guarded[QemuDomain], flags: int) -> None:
        kinds = [job.kind for job in found.jobs.running if job.kind in LONG]
        with found.locked() as state:
            state.require_active()
            work = state.work
        if flags & Abort.POSTCOPY:
            raise invalid("current job is not outgoing migration in post-copy mode")
        if not kinds:
            raise invalid("no job is active on the domain")
        if kinds[0] in REFUSED:
            raise invalid(REFUSED[kinds[0]])
        if kinds[0] is JobKind.DUMP and work is not None and work.memory_only:
            raise invalid("cannot abort memory-only dump")
