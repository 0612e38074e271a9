"""How much processor time a guest has used, as its control groups count it."""

from __future__ import annotations

from virtloom.driver.cgroups.usage import cpu_stats
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam
from virtloom_qemu.domains.tuning.limits import Limits, group_of
from virtloom_qemu.runs.given.groups import VCPU

NO_ACCOUNTING = "cgroup CPUACCT controller is not mounted"


class Accounting(Limits):
    """The call for it."""

    def domain_get_cpu_stats(
        self, dom: DomainHandle, nparams: int, start_cpu: int, ncpus: int, flags: int
    ) -> tuple[list[TypedParam], int]:
        """`virDomainGetCPUStats`, in ns."""
        self._check_flags(flags, 0, "DomainGetCPUStats")
        with self._reading(dom) as state:
            state.require_active()
            run, numbers = state.run, sorted(state.vcpu_threads)
        whole = group_of(run, "cpuacct", NO_ACCOUNTING)
        assert run is not None
        assert run.groups is not None
        own = [group for number in numbers if (group := run.groups.threads(VCPU, number)).exists()]
        return cpu_stats(whole, nparams, start_cpu, ncpus, own)
