"""How many processors a guest has, and which."""

from __future__ import annotations

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.constants.domain import DomainVcpuFlags
from virtloom.driver.constants.domain_state import VcpuState
from virtloom.driver.handles import DomainHandle
from virtloom.driver.node.cpumaps import cpu_map
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, JobKind
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.processors import (
    Processor,
    processors,
    vcpus_max,
    vcpus_now,
    with_max_vcpus,
    with_processors,
)
from virtloom.xmldef.values import Misfit, cpus
from virtloom_qemu.domains.agent.base import AgentTalk
from virtloom_qemu.domains.agent.processors import choose, switch
from virtloom_qemu.domains.agent.processors import processors as guest_processors
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.domains.plugging.detaching import Detaching
from virtloom_qemu.hotplug.processors import Entity, entities, plug, refreshed, to_reach
from virtloom_qemu.process.affinity import affinity
from virtloom_qemu.runs.alteration import Alteration
from virtloom_qemu.runs.given.groups import VCPU, place
from virtloom_qemu.runs.happening.refresh import vcpu_threads
from virtloom_qemu.runs.state import QemuDomain, Run
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.stats.threads import usage

BOTH = Impact.LIVE | Impact.CONFIG
TIMED_OUT = "vcpu unplug request timed out. Unplug result must be manually inspected in the domain"
ALIAS = "vcpu"


class Counting(Detaching, AgentTalk):
    """The calls that tell of processors, and have them come and go."""

    def domain_get_vcpus_flags(self, dom: DomainHandle, flags: int) -> int:
        """`virDomainGetVcpusFlags`"""
        self._check_flags(flags, BOTH | DomainVcpuFlags.MAXIMUM | DomainVcpuFlags.GUEST, "DomainGetVcpusFlags")
        with self._reading(dom) as state:
            definition, active = state.chosen(flags), state.active
        if flags & DomainVcpuFlags.GUEST:
            if not active:
                detail = "vCPU count provided by the guest agent can only be requested for live domains"
                raise VirtError(ErrorCode.INVALID_ARG, detail)
            with self._agent(dom, JobKind.AGENT_QUERY) as talk:
                told = guest_processors(talk.agent)
            return len(told) if flags & DomainVcpuFlags.MAXIMUM else sum(one.online for one in told)
        return vcpus_max(definition) if flags & DomainVcpuFlags.MAXIMUM else vcpus_now(definition)

    def domain_get_vcpus(
        self, dom: DomainHandle, maxinfo: int, maplen: int
    ) -> tuple[list[tuple[int, int, int, int]], bytes]:
        """`virDomainGetVcpus`: number, state, time in ns and the host's processor of each, and where it may run."""
        with self._reading(dom) as state:
            if not state.active:
                raise invalid("cannot retrieve vcpu information for inactive domain")
            run, threads = state.run, sorted(state.vcpu_threads.items())[:maxinfo]
        if not threads or run is None:
            raise invalid("cpu affinity is not supported")
        used = [(number, usage(run.process.pid, thread)) for number, thread in threads]
        infos = [(number, VcpuState.RUNNING, one.time, one.processor) for number, one in used if one is not None]
        return infos, b"".join(cpu_map(affinity(thread), maplen) for _, thread in threads) if maplen else b""

    # How many.

    def domain_set_vcpus_flags(self, dom: DomainHandle, nvcpus: int, flags: int) -> None:
        """`virDomainSetVcpusFlags`"""
        known = DomainVcpuFlags.MAXIMUM | DomainVcpuFlags.GUEST | DomainVcpuFlags.HOTPLUGGABLE
        self._check_flags(flags, BOTH | known, "DomainSetVcpusFlags")
        if flags & DomainVcpuFlags.GUEST:
            with self._reading(dom) as state:
                state.impact(flags)
            self._set_guest_vcpus(dom, nvcpus)
            return
        with self._altering(dom, flags) as change:
            if flags & DomainVcpuFlags.MAXIMUM:
                change.config = _with_most(change, nvcpus)
                return
            for which, definition in (("live", change.live), ("persistent", change.config)):
                if definition is not None and nvcpus > vcpus_max(definition):
                    detail = f"requested vcpus is greater than max allowable vcpus for the {which} domain: "
                    raise VirtError(ErrorCode.INVALID_ARG, f"{detail}{nvcpus} > {vcpus_max(definition)}")
            if change.live is not None:
                every = entities(change.talk)
                self._have(change, every, to_reach(every, nvcpus))
            if change.config is not None:
                change.config = with_count(change.config, nvcpus, bool(flags & DomainVcpuFlags.HOTPLUGGABLE))

    def _set_guest_vcpus(self, dom: DomainHandle, count: int) -> None:
        """Have the guest itself use so many of the processors that it has, through its agent."""
        with self._agent(dom, JobKind.AGENT_MODIFY) as talk:
            if count > vcpus_now(talk.live):
                detail = "requested vcpu count is greater than the count of enabled vcpus in the domain: "
                raise VirtError(ErrorCode.INVALID_ARG, f"{detail}{count} > {vcpus_now(talk.live)}")
            switch(talk.agent, choose(guest_processors(talk.agent), count))

    def domain_set_vcpu(self, dom: DomainHandle, cpumap: str, state: int, flags: int) -> None:
        """`virDomainSetVcpu`: single processors come or go."""
        self._check_flags(flags, BOTH, "DomainSetVcpu")
        if state not in (0, 1):
            raise VirtError(ErrorCode.INVALID_ARG, f"unsupported state value in {state}")
        try:
            chosen = cpus.parse(cpumap)
        except Misfit:
            raise VirtError(ErrorCode.INVALID_ARG, f"Failed to parse bitmap '{cpumap}'") from None
        with self._altering(dom, flags) as change:
            for which, definition in (("persistent", change.config), ("live", change.live)):
                if definition is not None and max(chosen) >= vcpus_max(definition):
                    raise VirtError(ErrorCode.INVALID_ARG, f"vcpu {max(chosen)} is not present in {which} config")
            if change.live is not None:
                every = entities(change.talk)
                _refuse_single(change.live, chosen, online=bool(state))
            if change.config is not None:
                change.config = with_chosen(change.config, chosen, online=bool(state))
            if change.live is not None:
                self._have(change, every, sorted(chosen))

    # While the guest runs.

    def _have(self, change: Alteration, every: list[Entity], chosen: list[int]) -> None:
        """Have processors come that a guest does not have, and go that it has, one after the other."""
        for number in chosen:
            if every[number].path is None:
                plug(change.talk, number, every[number])
            else:
                self._unplug(change.talk, number, every[number].alias)
            self._follow_processors(change)

    def _unplug(self, talk: Talk, number: int, alias: str | None) -> None:
        if alias is None:
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, f"vcpu '{number}' can't be unplugged")

        def is_gone() -> bool:
            return entities(talk)[number].path is None  # of one that is emulated QEMU 7.2 never tells

        if not self._asked_to_go(talk, alias, wait=True, is_gone=is_gone):
            raise VirtError(ErrorCode.OPERATION_TIMEOUT, TIMED_OUT)

    def _follow_processors(self, change: Alteration) -> None:
        """Have the state say which processors QEMU has now, and those that came run where they are pinned."""
        assert change.live is not None
        threads, live = vcpu_threads(change.talk), refreshed(change.live, entities(change.talk))
        change.live = live

        fresh = {}

        def follow(state: QemuDomain) -> None:
            fresh.update({number: threads[number] for number in threads.keys() - state.vcpu_threads.keys()})
            state.vcpu_threads = threads

        change.settle(follow)
        place(change.talk.run.groups, live, VCPU, fresh)

    def _gone_late(self, found: Guarded[QemuDomain], run: Run, alias: str) -> None:
        """A processor that nobody waited for any more may have gone, too."""
        if not alias.startswith(ALIAS):
            super()._gone_late(found, run, alias)
            return
        with found.job(JobKind.MODIFY, "unplug") as job:
            talk = Talk(found, job, run)
            with talk.state() as state:
                live = state.definition
            self._follow_processors(Alteration(live, None, live, talk))
        self._keep_status(found)


def _with_most(change: Alteration, count: int) -> Domain:
    """What is kept, with so many processors at most.

    :raises VirtError: OPERATION_UNSUPPORTED for a guest that runs, INVALID_ARG for what does not fit.
    """
    if change.live is not None or change.config is None:
        detail = "maximum vcpu count of a live domain can't be modified"
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
    cpu = change.config.cpu
    numa, shape = (cpu.find("numa"), cpu.find("topology")) if cpu is not None else (None, None)
    members = [text for cell in numa.all("cell") if (text := cell.get("cpus"))] if numa is not None else []
    if sum(len(cpus.parse(text)) for text in members) > count:
        detail = "Number of CPUs in <numa> exceeds the desired maximum vcpu count"
        raise VirtError(ErrorCode.INVALID_ARG, detail)
    if shape is not None:
        total = 1
        for part in ("sockets", "dies", "cores", "threads"):
            total *= int(shape.get(part) or 1)
        if total != count:
            raise VirtError(ErrorCode.INVALID_ARG, "CPU topology doesn't match the desired vcpu count")
    made = with_max_vcpus(change.config, count)
    if made.vcpus is not None:
        every = [one._replace(order=0) for one in processors(made)]
        made = with_processors(made, every, listed=True)
    return made


def with_count(config: Domain, count: int, removable: bool) -> Domain:
    """A definition with so many processors from the start (`qemuDomainSetVcpusConfig`).

    :param removable: whether those that come can go again.
    """
    every, listed = [one._replace(order=0) for one in processors(config)], config.vcpus is not None
    online = [number for number, one in enumerate(every) if one.online]
    for number in list(online) if count > len(online) else []:
        removable = removable or every[number].removable is True
    for number in [number for number in range(len(every)) if number not in online][: max(0, count - len(online))]:
        every[number] = Processor(True, removable)
        listed = listed or removable
    for number in list(reversed(online))[: max(0, len(online) - count)]:
        every[number] = Processor(False, True)
    return with_processors(config, every, listed=listed)


def with_chosen(config: Domain, chosen: frozenset[int], *, online: bool) -> Domain:
    """A definition with single processors more, or less.

    :raises VirtError: INVALID_ARG for the first, or where one that stays could not be there then.
    """
    if 0 in chosen:
        raise VirtError(ErrorCode.INVALID_ARG, "vCPU '0' can't be modified")
    every = [one._replace(order=0) for one in processors(config)]
    first = min(chosen)
    for number in range(first + 1, len(every)):
        if number not in chosen and every[number].online and every[number].removable is not True:
            detail = f"vcpu '{first}' can't be modified as it is followed by non-hotpluggable online vcpus"
            raise VirtError(ErrorCode.INVALID_ARG, detail)
    for number in chosen:
        every[number] = Processor(online, True)
    return with_processors(config, every, listed=True)


def _refuse_single(live: Domain, chosen: frozenset[int], *, online: bool) -> None:
    every = processors(live)
    for number in sorted(chosen):
        if every[number].online is online:
            raise VirtError(ErrorCode.INVALID_ARG, f"vcpu '{number}' is already in requested state", ErrorDomain.QEMU)
    if len(chosen) != 1:
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, "only one hotpluggable entity can be selected")
