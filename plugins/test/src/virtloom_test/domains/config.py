"""What a domain is made of: its XML, its memory, its processors."""

from __future__ import annotations

from virtloom.driver.constants.domain import DomainMemoryModFlags, DomainVcpuFlags, DomainXMLFlags
from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.constants.domain_state import VcpuState
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle
from virtloom.driver.node.cpumaps import cpu_map, cpu_set, pinned_cpus
from virtloom.driver.settled import settled
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.processors import (
    emulator_pin,
    pins_of,
    vcpu_part,
    vcpus_now,
    with_max_vcpus,
    with_pin,
    with_vcpus,
)
from virtloom_test.domains.base import DomainsBase
from virtloom_test.domains.text import domain_text

XML_FLAGS = DomainXMLFlags.SECURE | DomainXMLFlags.INACTIVE | DomainXMLFlags.MIGRATABLE
MAX_VCPUS = 32
BOTH = Impact.LIVE | Impact.CONFIG


class Configuration(DomainsBase):
    """The calls that read and change a domain's definition."""

    @settled
    def domain_get_xml_desc(self, dom: DomainHandle, flags: int) -> str:
        """`virDomainGetXMLDesc`"""
        check_flags(flags, XML_FLAGS, "testDomainGetXMLDesc")
        inactive, view = bool(flags & DomainXMLFlags.INACTIVE), self._view(dom)
        definition, number = (view.config, -1) if inactive else (view.definition, view.handle.id)
        return domain_text(definition, number, secure=bool(flags & DomainXMLFlags.SECURE), inactive=inactive)

    def domain_get_info(self, dom: DomainHandle) -> tuple[int, int, int, int, int]:
        """`virDomainGetInfo`: sizes in KiB, time in ns (made up)."""
        view = self._view(dom)
        definition = view.definition
        current = definition.current_memory or definition.memory
        return view.state, definition.memory, current, vcpus_now(definition), self.stage.clock.now_ns()

    # Memory.

    def domain_get_max_memory(self, dom: DomainHandle) -> int:
        """`virDomainGetMaxMemory`, in KiB."""
        return self._view(dom).definition.memory

    def domain_set_memory_flags(self, dom: DomainHandle, memory: int, flags: int) -> None:
        """`virDomainSetMemoryFlags`, in KiB."""
        check_flags(flags, BOTH | DomainMemoryModFlags.MAXIMUM, "testDomainSetMemoryFlags")
        with self._changing(dom) as state:
            definition = state.chosen(flags)
            live = state.impact(flags) == Impact.LIVE
            if flags & DomainMemoryModFlags.MAXIMUM:
                if live:
                    detail = "cannot resize the maximum memory on an active domain"
                    raise VirtError(ErrorCode.OPERATION_INVALID, detail)
                current = min(definition.current_memory or memory, memory)
                changed = definition.replace(memory=memory, current_memory=current)
            else:
                if memory > definition.memory:
                    raise VirtError(ErrorCode.INVALID_ARG, "cannot set memory higher than max memory")
                changed = definition.replace(current_memory=memory)
            state.set_chosen(flags, changed)

    def domain_set_memory_stats_period(self, dom: DomainHandle, period: int, flags: int) -> None:
        """`virDomainSetMemoryStatsPeriod`, in seconds."""
        check_flags(flags, BOTH, "testDomainSetMemoryStatsPeriod")
        with self._changing(dom) as state:
            definition = state.chosen(flags)
            if definition.parts.memballoon is None:
                detail = "No memory balloon device configured, can not set the collection period"
                raise VirtError(ErrorCode.INTERNAL_ERROR, detail)
            state.set_chosen(flags, with_stats_period(definition, period))

    # Processors.

    def connect_get_max_vcpus(self, type: str | None) -> int:
        """`virConnectGetMaxVcpus`"""
        return MAX_VCPUS

    def domain_get_vcpus_flags(self, dom: DomainHandle, flags: int) -> int:
        """`virDomainGetVcpusFlags`"""
        check_flags(flags, BOTH | DomainVcpuFlags.MAXIMUM, "testDomainGetVcpusFlags")
        with self._reading(dom) as state:
            definition = state.chosen(flags)
        return vcpu_part(definition).maximum if flags & DomainVcpuFlags.MAXIMUM else vcpus_now(definition)

    def domain_get_max_vcpus(self, dom: DomainHandle) -> int:
        """`virDomainGetMaxVcpus`: of a domain that does not run, of its definition."""
        return vcpu_part(self._view(dom).definition).maximum

    def domain_set_vcpus_flags(self, dom: DomainHandle, nvcpus: int, flags: int) -> None:
        """`virDomainSetVcpusFlags`"""
        check_flags(flags, BOTH | DomainVcpuFlags.MAXIMUM, "testDomainSetVcpusFlags")
        if nvcpus > MAX_VCPUS:
            detail = f"requested cpu amount exceeds maximum supported amount ({nvcpus} > {MAX_VCPUS})"
            raise VirtError(ErrorCode.INVALID_ARG, detail)
        maximum = bool(flags & DomainVcpuFlags.MAXIMUM)
        with self._changing(dom) as state:
            chosen = state.impact(flags)
            if chosen & Impact.LIVE:
                _require_room(state.definition, nvcpus)
            if chosen & Impact.CONFIG and not maximum:
                _require_room(state.config, nvcpus)
            if chosen & Impact.LIVE:
                state.definition = with_vcpus(state.definition, nvcpus)
            if chosen & Impact.CONFIG:
                change = with_max_vcpus if maximum else with_vcpus
                state.set_config(change(state.config, nvcpus))

    def domain_get_vcpus(
        self, dom: DomainHandle, maxinfo: int, maplen: int
    ) -> tuple[list[tuple[int, int, int, int]], bytes]:
        """`virDomainGetVcpus`: number, state, time in ns (made up) and processor of each, and their maps."""
        with self._reading(dom) as state:
            if not state.active:
                raise VirtError(ErrorCode.OPERATION_INVALID, "cannot list vcpus for an inactive domain")
            definition = state.definition
        count = min(maxinfo, vcpus_now(definition))
        pins = [self._pin_of(definition, number) for number in range(count)]
        now = self.stage.clock.now_ns() // 1000 // 10
        infos = [(number, VcpuState.RUNNING, now, max(pins[number])) for number in range(count)]
        return infos, b"".join(cpu_map(pin, maplen) for pin in pins)

    def _pin_of(self, definition: Domain, number: int) -> frozenset[int]:
        """Where a processor may run: as it was pinned, as the domain says, or anywhere."""
        pinned = pins_of(definition).get(number)
        return pinned or vcpu_part(definition).cpuset or frozenset(range(self.node.max_cpus))

    def domain_get_vcpu_pin_info(self, dom: DomainHandle, ncpumaps: int, maplen: int, flags: int) -> tuple[bytes, int]:
        """`virDomainGetVcpuPinInfo`"""
        with self._reading(dom) as state:
            definition = state.chosen(flags)
        count = min(ncpumaps, vcpu_part(definition).maximum)
        maps = (cpu_map(self._pin_of(definition, number), maplen) for number in range(count))
        return b"".join(maps), count

    def domain_pin_vcpu_flags(self, dom: DomainHandle, vcpu: int, cpumap: bytes, flags: int) -> None:
        """`virDomainPinVcpuFlags`"""
        check_flags(flags, 0, "testDomainPinVcpuFlags")
        self.domain_pin_vcpu(dom, vcpu, cpumap)

    def domain_pin_vcpu(self, dom: DomainHandle, vcpu: int, cpumap: bytes) -> None:
        """`virDomainPinVcpu`"""
        with self._changing(dom) as state:
            if not state.active:
                raise VirtError(ErrorCode.OPERATION_INVALID, "cannot pin vcpus on an inactive domain")
            if vcpu >= vcpus_now(state.definition):
                detail = f"requested vcpu '{vcpu}' is not present in the domain"
                raise VirtError(ErrorCode.INVALID_ARG, detail)
            state.definition = with_pin(state.definition, "vcpupin", {"vcpu": str(vcpu)}, cpu_set(cpumap))

    def domain_pin_emulator(self, dom: DomainHandle, cpumap: bytes, flags: int) -> None:
        """`virDomainPinEmulator`"""
        check_flags(flags, BOTH, "testDomainPinEmulator")
        wanted = pinned_cpus(cpumap)
        with self._changing(dom) as state:
            state.set_chosen(flags, with_pin(state.chosen(flags), "emulatorpin", {}, wanted))

    def domain_get_emulator_pin_info(self, dom: DomainHandle, maplen: int, flags: int) -> tuple[bytes, int]:
        """`virDomainGetEmulatorPinInfo`"""
        check_flags(flags, BOTH, "testDomainGetEmulatorPinInfo")
        with self._reading(dom) as state:
            definition = state.chosen(flags)
        pinned = emulator_pin(definition)
        pinned = pinned or vcpu_part(definition).cpuset or frozenset(range(self.node.max_cpus))
        return cpu_map(pinned, maplen), 1


def _require_room(definition: Domain, count: int) -> None:
    maximum = vcpu_part(definition).maximum
    if maximum < count:
        detail = f"requested cpu amount exceeds maximum ({count} > {maximum})"
        raise VirtError(ErrorCode.INVALID_ARG, detail)


def with_stats_period(definition: Domain, period: int) -> Domain:
    """A definition whose balloon is asked every so many seconds."""
    balloon = definition.parts.memballoon
    if balloon is None:
        detail = "No memory balloon device configured, can not set the collection period"
        raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.TEST)
    stats = Node("stats", {"period": str(period)}) if period else None
    return definition.with_devices(memballoon=balloon.replace(stats=stats))
