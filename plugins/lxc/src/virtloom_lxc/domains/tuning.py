"""Memory, processor time and disks: what a container may use, now and at its next start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from virtloom.driver.cgroups import blkio as blkio_files
from virtloom.driver.cgroups import files, memory
from virtloom.driver.constants.domain import DomainMemoryModFlags
from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.domains.tunables import BLKIO, MEMORY, scheduler
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.tunables import memory_limits, with_blkio
from virtloom.xmldef.domain.tunables.blkio import FIELDS
from virtloom_lxc.container.run import Run
from virtloom_lxc.domains.changing import BOTH, Changing
from virtloom_lxc.domains.stats import BLOCK_PARAMS

SCHEDULER = scheduler("cpu_shares", "vcpu_period", "vcpu_quota")
NO_MEMORY = "cgroup memory controller is not mounted"
NO_CPU = "cgroup CPU controller is not mounted"
NO_BLKIO = "blkio cgroup isn't mounted"


class Tuning(Changing):
    """The calls that read and set limits."""

    param_counts: Mapping[str, int] = {
        "domain_get_memory_parameters": len(MEMORY.types),
        "domain_get_blkio_parameters": len(BLKIO.types),
        "domain_block_stats_flags": len(BLOCK_PARAMS),
    }

    # The memory that a container has.

    def domain_set_memory_flags(self, dom: DomainHandle, memory: int, flags: int) -> None:
        """`virDomainSetMemoryFlags`, in KiB."""
        self._check_flags(flags, BOTH | DomainMemoryModFlags.MAXIMUM, "DomainSetMemoryFlags")

        def live(run: Run, _: Domain) -> None:
            if flags & DomainMemoryModFlags.MAXIMUM:
                detail = "Cannot resize the max memory on an active domain"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail)
            run.group.set_limit(files.MEMORY, memory)

        def changed(definition: Domain) -> Domain:
            if flags & DomainMemoryModFlags.MAXIMUM:
                current = min(definition.current_memory or memory, memory)
                return definition.replace(memory=memory, current_memory=current)
            return definition.replace(current_memory=memory)

        if not flags & DomainMemoryModFlags.MAXIMUM:
            self._refuse_more(dom, memory, flags)
        self._change(dom, flags, changed, live)

    def _refuse_more(self, dom: DomainHandle, memory: int, flags: int) -> None:
        with self._reading(dom) as state:
            chosen = state.impact(flags)
            sizes = [state.definition.memory] if chosen & Impact.LIVE else []
            sizes += [state.config.memory] if chosen & Impact.CONFIG else []
        if memory > min(sizes):
            raise VirtError(ErrorCode.INVALID_ARG, "Cannot set memory higher than max memory")

    def domain_get_memory_parameters(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetMemoryParameters`, in KiB."""
        self._check_flags(flags, BOTH, "DomainGetMemoryParameters")
        with self._reading(dom) as state:
            live = state.impact(flags) & Impact.LIVE
            definition, run = state.chosen(flags), state.run
        if live and run is not None:
            run.group.require("memory", NO_MEMORY)
            return MEMORY.tell(memory.limits(run.group))
        return MEMORY.told(definition)

    def domain_set_memory_parameters(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetMemoryParameters`, in KiB."""
        self._check_flags(flags, BOTH, "DomainSetMemoryParameters")
        given = {name: int(value) for name, value in MEMORY.checked(params).items()}

        def live(run: Run, definition: Domain) -> None:
            run.group.require("memory", NO_MEMORY)
            memory.set_limits(run.group, memory_limits(definition), given)

        self._change(dom, flags, lambda definition: MEMORY.changed(definition, given), live)

    # Processor time.

    def domain_get_scheduler_type(self, dom: DomainHandle) -> tuple[str, int]:
        """`virDomainGetSchedulerType`"""
        with self._reading(dom) as state:
            run = state.run
        if run is not None:
            run.group.require("cpu", NO_CPU)
        return "posix", len(SCHEDULER.types)

    def domain_get_scheduler_parameters_flags(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetSchedulerParametersFlags`: shares, and period and quota in us."""
        self._check_flags(flags, BOTH, "DomainGetSchedulerParametersFlags")
        with self._reading(dom) as state:
            live = state.impact(flags) & Impact.LIVE
            definition, run = state.chosen(flags), state.run
        if live and run is not None:
            run.group.require("cpu", NO_CPU)
            shares, (period, quota) = int(run.group.read(files.CPU_SHARES)), run.group.bandwidth()
            return SCHEDULER.tell({"cpu_shares": shares, "vcpu_period": period, "vcpu_quota": quota})
        return SCHEDULER.told(definition)

    def domain_set_scheduler_parameters_flags(
        self, dom: DomainHandle, params: Sequence[TypedParam], flags: int
    ) -> None:
        """`virDomainSetSchedulerParametersFlags`"""
        self._check_flags(flags, BOTH, "DomainSetSchedulerParametersFlags")
        given = {name: int(value) for name, value in SCHEDULER.checked(params).items()}

        def live(run: Run, _: Domain) -> None:
            run.group.require("cpu", NO_CPU)
            if "cpu_shares" in given:
                run.group.write(files.CPU_SHARES, given["cpu_shares"])
            run.group.set_bandwidth(given.get("vcpu_period", 0), given.get("vcpu_quota", 0))

        self._change(dom, flags, lambda definition: SCHEDULER.changed(definition, given), live)

    # Disks of the host.

    def domain_get_blkio_parameters(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetBlkioParameters`"""
        self._check_flags(flags, BOTH, "DomainGetBlkioParameters")
        with self._reading(dom) as state:
            live = state.impact(flags) & Impact.LIVE
            definition, run = state.chosen(flags), state.run
        told = dict(BLKIO.read(definition))
        if live and run is not None:
            run.group.require("blkio", NO_BLKIO)
            told["weight"] = int(run.group.read(blkio_files.weight_file(run.group)).split()[-1])
        return BLKIO.tell(told)

    def domain_set_blkio_parameters(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetBlkioParameters`"""
        self._check_flags(flags, BOTH, "DomainSetBlkioParameters")
        given = BLKIO.checked(params)

        def live(run: Run, definition: Domain) -> None:
            run.group.require("blkio", NO_BLKIO)
            weight, devices = with_blkio(definition, given)
            if "weight" in given:
                run.group.write(blkio_files.weight_file(run.group), weight)
            fields = [field for name, field in FIELDS.items() if name in given]
            blkio_files.change(run.group, devices, fields)

        self._change(dom, flags, lambda definition: BLKIO.changed(definition, given), live)
