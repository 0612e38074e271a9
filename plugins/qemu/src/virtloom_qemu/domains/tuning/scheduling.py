"""How much processor time a guest's threads get (`schedinfo`), and on which nodes its memory lies (`numatune`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from virtloom.driver.cgroups import Group
from virtloom.driver.cgroups.files import CPU_SHARES, MEMS
from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.domains.tunables import NUMA, SCHEDULER_FIELDS, STRING_OKAY, refuse_scheduler, scheduler
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam
from virtloom.errors import ErrorCode
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.iothreads import thread_ids
from virtloom.xmldef.domain.processors import processors
from virtloom.xmldef.domain.tunables import NUMA_MODES, numa_mode, numa_nodes
from virtloom.xmldef.domain.tunables.numa import nodes_of, numa_memory, refuse_mode, refuse_other_mode
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.domains.tuning.limits import Limits, group_of, refuse_session
from virtloom_qemu.runs.alteration import Alteration
from virtloom_qemu.runs.given.groups import EMULATOR, IOTHREAD, VCPU, GuestGroups
from virtloom_qemu.runs.state import Run

BOTH = Impact.LIVE | Impact.CONFIG
SCHEDULER = scheduler(*SCHEDULER_FIELDS)
NO_CPU = "cgroup CPU controller is not mounted"
NO_CPUSET = "cgroup cpuset controller is not mounted"
STRICT, RESTRICTIVE = NUMA_MODES.index("strict"), NUMA_MODES.index("restrictive")


class Scheduling(Limits):
    """The calls for processor time and nodes."""

    def domain_get_scheduler_type(self, dom: DomainHandle) -> tuple[str, int]:
        """`virDomainGetSchedulerType`"""
        refuse_session("CPU tuning", ErrorCode.CONFIG_UNSUPPORTED)
        with self._reading(dom) as state:
            active, run = state.active, state.run
        if active:
            group_of(run, "cpu", NO_CPU)
        return "posix", len(SCHEDULER.types)

    def domain_get_scheduler_parameters_flags(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetSchedulerParametersFlags`: shares, and periods and quotas in us."""
        self._check_flags(flags & ~STRING_OKAY, BOTH, "DomainGetSchedulerParametersFlags")
        refuse_session("CPU tuning", ErrorCode.CONFIG_UNSUPPORTED)
        definition, run, live = self._kept_or_live(dom, flags)
        if not live:
            return SCHEDULER.told(definition)
        whole, groups = group_of(run, "cpu", NO_CPU), _groups(run)
        told = {"cpu_shares": int(whole.read(CPU_SHARES))}
        for prefix in ("vcpu", "emulator", "global", "iothread"):
            first = next(_limited(groups, definition, prefix), whole)
            told[f"{prefix}_period"], told[f"{prefix}_quota"] = first.bandwidth()
        return SCHEDULER.tell(told)

    def domain_set_scheduler_parameters_flags(
        self, dom: DomainHandle, params: Sequence[TypedParam], flags: int
    ) -> None:
        """`virDomainSetSchedulerParametersFlags`"""
        self._check_flags(flags, BOTH, "DomainSetSchedulerParametersFlags")
        given = {name: int(value) for name, value in SCHEDULER.checked(params).items()}
        refuse_session("CPU tuning", ErrorCode.CONFIG_UNSUPPORTED)
        with self._altering(dom, flags) as change:
            if change.live is not None:
                group_of(change.talk.run, "cpu", NO_CPU)
            refuse_scheduler(given)
            if change.config is not None:
                change.config = SCHEDULER.changed(change.config, given)
            if change.live is not None:
                self._schedule(change, {name: value for name, value in given.items() if value or name == "cpu_shares"})

    def _schedule(self, change: Alteration, given: Mapping[str, int]) -> None:
        """Give a guest's threads other shares, periods and quotas, and tell of it."""
        live, groups = change.live, _groups(change.talk.run)
        assert live is not None
        for name, value in given.items():
            prefix, _, what = name.partition("_")
            if name == "cpu_shares":
                groups.whole.write(CPU_SHARES, value)
                continue
            for group in _limited(groups, live, prefix):
                group.set_bandwidth(**{what: value})
        change.live = SCHEDULER.changed(live, given)
        params = [param._replace(name=f"cputune.{param.name}") for param in SCHEDULER.tell(given)]
        change.settle(lambda state: self._emit(DomainEventID.TUNABLE, state.handle, (params,)) if params else None)

    # Nodes.

    def domain_get_numa_parameters(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetNumaParameters`"""
        self._check_flags(flags & ~STRING_OKAY, BOTH, "DomainGetNumaParameters")
        with self._reading(dom) as state:
            definition = state.chosen(flags)
        return NUMA.told(definition)

    def domain_set_numa_parameters(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetNumaParameters`"""
        self._check_flags(flags, BOTH, "DomainSetNumaParameters")
        given = NUMA.checked(params)
        refuse_mode(given)
        nodes = nodes_of(str(given["numa_nodeset"])) if "numa_nodeset" in given else None
        with self._altering(dom, flags) as change:
            if change.config is not None:
                change.config = NUMA.changed(change.config, given)
            if change.live is not None:
                refuse_session("NUMA tuning", ErrorCode.OPERATION_UNSUPPORTED)
                group_of(change.talk.run, "cpuset", NO_CPUSET)
                refuse_other_mode(change.live, given)
                if given.get("numa_mode") == STRICT:
                    if nodes != numa_nodes(change.live):
                        raise invalid("can't change nodeset for strict mode for running domain")
                    return
                if nodes is not None:
                    _move_memory(change.talk.run, change.live, nodes)
                change.live = NUMA.changed(change.live, given)


def _groups(run: Run | None) -> GuestGroups:
    """The control groups of a run that has some."""
    assert run is not None
    assert run.groups is not None
    return run.groups


def _limited(groups: GuestGroups, live: Domain, prefix: str) -> Iterator[Group]:
    """The groups that a limit is for: of all, of the emulator, of every processor or of every IO thread."""
    if prefix == "global":
        yield groups.whole
    elif prefix == "emulator":
        yield groups.threads(EMULATOR)
    elif prefix == "vcpu":
        yield from (groups.threads(VCPU, number) for number, one in enumerate(processors(live)) if one.online)
    else:
        yield from (groups.threads(IOTHREAD, number) for number in thread_ids(live))


def _move_memory(run: Run, live: Domain, nodes: str) -> None:
    """Have a guest's memory come from other nodes from now on.

    :raises VirtError: OPERATION_INVALID where the guest keeps QEMU itself to its nodes, SYSTEM_ERROR for a node that
        the host does not have.
    """
    if numa_memory(live) is not None and numa_mode(live) != RESTRICTIVE:
        raise invalid("change of nodeset for running domain requires restrictive numa mode")
    for prefix in ("emulator", "vcpu", "iothread"):
        for group in _limited(_groups(run), live, prefix):
            group.write(MEMS, nodes)
