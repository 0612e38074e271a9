"""On which of the host's processors a guest's processors run, and its emulator."""

from __future__ import annotations

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.handles import DomainHandle
from virtloom.driver.node.cpumaps import cpu_map, pinned_cpus
from virtloom.driver.params import string
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.processors import Cpus, vcpus_max, vcpus_now, with_pin
from virtloom.xmldef.values import cpus
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.process.affinity import emulator_place, place_of
from virtloom_qemu.runs.alteration import Alteration
from virtloom_qemu.runs.given.groups import EMULATOR, VCPU, pin

BOTH = Impact.LIVE | Impact.CONFIG


class Pinning(DomainsBase):
    """The calls that pin."""

    def domain_get_vcpu_pin_info(self, dom: DomainHandle, ncpumaps: int, maplen: int, flags: int) -> tuple[bytes, int]:
        """`virDomainGetVcpuPinInfo`"""
        self._check_flags(flags, BOTH, "DomainGetVcpuPinInfo")
        with self._reading(dom) as state:
            definition = state.chosen(flags)
        count = min(ncpumaps, vcpus_max(definition))
        return b"".join(cpu_map(place_of(definition, number), maplen) for number in range(count)), count

    def domain_pin_vcpu_flags(self, dom: DomainHandle, vcpu: int, cpumap: bytes, flags: int) -> None:
        """`virDomainPinVcpuFlags`"""
        self._check_flags(flags, BOTH, "DomainPinVcpuFlags")
        with self._altering(dom, flags) as change:
            if change.config is not None and vcpu >= vcpus_max(change.config):
                detail = f"vcpu {vcpu} is out of range of persistent cpu count {vcpus_now(change.config)}"
                raise VirtError(ErrorCode.INVALID_ARG, detail)
            where = pinned_cpus(cpumap)
            if change.live is not None:
                self._pin_live(change, vcpu, where)
            if change.config is not None:
                change.config = with_pin(change.config, "vcpupin", {"vcpu": str(vcpu)}, where)

    def _pin_live(self, change: Alteration, vcpu: int, where: Cpus) -> None:
        assert change.live is not None
        with change.talk.state() as state:
            threads = state.vcpu_threads
        if not threads:
            raise invalid("cpu affinity is not supported")
        if vcpu >= vcpus_max(change.live):
            detail = f"vcpu {vcpu} is out of range of live cpu count {vcpus_max(change.live)}"
            raise VirtError(ErrorCode.INVALID_ARG, detail)
        if vcpu in threads:
            pin(change.talk.run.groups, VCPU, vcpu, threads[vcpu], where)
        change.live = with_pin(change.live, "vcpupin", {"vcpu": str(vcpu)}, where)
        self._tell_pinned(change, f"cputune.vcpupin{vcpu}", where)

    def _tell_pinned(self, change: Alteration, name: str, where: Cpus) -> None:
        """Have the state follow a change of pins, and tell of it."""
        params = [string(name, cpus.format(where))]
        change.settle(lambda state: self._emit(DomainEventID.TUNABLE, state.handle, (params,)))

    # The emulator.

    def domain_get_emulator_pin_info(self, dom: DomainHandle, maplen: int, flags: int) -> tuple[bytes, int]:
        """`virDomainGetEmulatorPinInfo`"""
        self._check_flags(flags, BOTH, "DomainGetEmulatorPinInfo")
        with self._reading(dom) as state:
            definition = state.chosen(flags)
        return cpu_map(emulator_place(definition), maplen), 1

    def domain_pin_emulator(self, dom: DomainHandle, cpumap: bytes, flags: int) -> None:
        """`virDomainPinEmulator`"""
        self._check_flags(flags, BOTH, "DomainPinEmulator")
        with self._altering(dom, flags) as change:
            where = pinned_cpus(cpumap)
            if change.live is not None:
                run = change.talk.run
                pin(run.groups, EMULATOR, None, run.process.pid, where)
                change.live = with_pin(change.live, "emulatorpin", {}, where)
                self._tell_pinned(change, "cputune.emulatorpin", where)
            if change.config is not None:
                change.config = with_pin(change.config, "emulatorpin", {}, where)
