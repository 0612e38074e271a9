"""How much time of the host's processors a guest has used, as its control groups count it."""

from __future__ import annotations

from virtloom.driver.cgroups import Group
from virtloom.driver.handles import DomainHandle
from virtloom.driver.node import topology
from virtloom.driver.params import TypedParam, ullong
from virtloom.errors import ErrorCode, VirtError
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.runs.given.groups import VCPU, GuestGroups

ALL_CPUS = -1
EACH = 2  # parameters of each processor: of all of QEMU, and of the guest's processors alone
TOTAL = 3


class Usage(DomainsBase):
    """The call about processor time."""

    def domain_get_cpu_stats(
        self, dom: DomainHandle, nparams: int, start_cpu: int, ncpus: int, flags: int
    ) -> tuple[list[TypedParam], int]:
        """`virDomainGetCPUStats`, in ns: the parameters, and how many there are of each processor."""
        self._check_flags(flags, 0, "DomainGetCPUStats")
        with self._reading(dom) as state:
            state.require_active()
            groups = state.run.groups if state.run is not None else None
            vcpus = tuple(state.vcpu_threads)
        if groups is None or not groups.hierarchy.version("cpuacct"):
            raise invalid("cgroup CPUACCT controller is not mounted")
        if start_cpu == ALL_CPUS:
            rows = _total(groups.whole)
            return rows[:nparams], TOTAL if nparams == 0 else min(nparams, TOTAL)
        every = len(topology.present())
        if nparams == 0 or ncpus == 0:
            return [], EACH if ncpus else every
        if start_cpu >= every:
            detail = f"start_cpu {start_cpu} larger than maximum of {every - 1}"
            raise VirtError(ErrorCode.INVALID_ARG, detail)
        count = min(nparams, EACH)
        each = _each(groups, vcpus)[start_cpu : start_cpu + ncpus]
        return [param for row in each for param in row[:count]], count


def _total(group: Group) -> list[TypedParam]:
    user, system = group.cpu_times()
    return [ullong("cpu_time", group.cpu_time()), ullong("user_time", user), ullong("system_time", system)]


def _each(groups: GuestGroups, vcpus: tuple[int, ...]) -> list[list[TypedParam]]:
    """Two times of each of the host's processors."""
    whole = groups.whole.cpu_times_each()
    guest = [groups.threads(VCPU, number).cpu_times_each() for number in vcpus]
    sums = [sum(times) for times in zip(*guest, strict=True)] or [0] * len(whole)
    return [[ullong("cpu_time", all_), ullong("vcpu_time", own)] for all_, own in zip(whole, sums, strict=True)]
