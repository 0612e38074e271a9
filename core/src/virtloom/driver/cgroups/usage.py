"""How much processor time a guest has used (`virCgroupGetPercpuStats`, `virCgroupGetDomainTotalCpuStats`)."""

from __future__ import annotations

from collections.abc import Sequence

from virtloom.driver.cgroups.group import Group
from virtloom.driver.node import topology
from virtloom.driver.params import TypedParam, ullong
from virtloom.errors import ErrorCode, VirtError

ALL_CPUS = -1


def cpu_stats(
    whole: Group, nparams: int, start_cpu: int, ncpus: int, processors: Sequence[Group] | None = None
) -> tuple[list[TypedParam], int]:
    """The answer of `virDomainGetCPUStats`, in ns: the parameters, and how many there are of each processor.

    :param processors: the groups of the guest's own processors, whose time is told besides; None if it has none.
    :raises VirtError: INVALID_ARG for a processor that the host does not have, OPERATION_UNSUPPORTED with control
        groups of version 2, which do not count by processor.
    """
    if start_cpu == ALL_CPUS:
        user, system = whole.cpu_times()
        total = [ullong("cpu_time", whole.cpu_time()), ullong("user_time", user), ullong("system_time", system)]
        return total[:nparams], 3 if nparams == 0 else min(nparams, 3)
    every, each = len(topology.present()), 1 if processors is None else 2
    if nparams == 0 or ncpus == 0:
        return [], each if ncpus else every
    if start_cpu >= every:
        detail = f"start_cpu {start_cpu} larger than maximum of {every - 1}"
        raise VirtError(ErrorCode.INVALID_ARG, detail)
    chosen, times = slice(start_cpu, start_cpu + ncpus), whole.cpu_times_each()
    if processors is None:
        return [ullong("cpu_time", time) for time in times[chosen]], 1
    own = [sum(column) for column in zip(*(one.cpu_times_each() for one in processors), strict=True)]
    rows = zip(times[chosen], (own or [0] * len(times))[chosen], strict=True)
    told = [(ullong("cpu_time", time), ullong("vcpu_time", part)) for time, part in rows]
    return [param for row in told for param in row[:nparams]], min(nparams, 2)
