"""Tunables: kept in the definition, and without any effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.domains.tunables import (
    BANDWIDTH,
    BLKIO,
    IOTUNE,
    MEMORY,
    NUMA,
    PARAM_COUNTS,
    PERF,
    STRING_OKAY,
    Given,
    Group,
    find_interface,
    told_of_disk,
)
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import UINT, TypedParam, checked, uint
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom.xmldef.domain.tunables import iotune, refuse_conflicts
from virtloom.xmldef.domain.tunables.iotune import RATES
from virtloom.xmldef.domain.tunables.numa import refuse_other_mode
from virtloom_test.domains.base import DomainsBase
from virtloom_test.domains.state import TestDomain

BOTH = Impact.LIVE | Impact.CONFIG
Pick = Callable[[Domain], Any]


def _whole(definition: Domain) -> Domain:
    return definition


class Tuning(DomainsBase):
    """The calls that read and set tunables."""

    param_counts = PARAM_COUNTS

    def _told(self, dom: DomainHandle, flags: int, group: Group, call: str, pick: Pick = _whole) -> list[TypedParam]:
        check_flags(flags, BOTH, f"testDomain{call}")
        with self._reading(dom) as state:
            return group.told(pick(state.chosen(flags)))

    def _set(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int, group: Group, call: str) -> None:
        check_flags(flags, BOTH, f"testDomain{call}")
        given = group.checked(params)
        with self._changing(dom) as state:
            state.set_chosen(flags, group.changed(state.chosen(flags), given))

    # The scheduler: it takes a weight and forgets it, as libvirt's test driver does.

    def domain_get_scheduler_type(self, dom: DomainHandle) -> tuple[str, int]:
        """`virDomainGetSchedulerType`"""
        return "fair", 1

    def domain_get_scheduler_parameters(self, dom: DomainHandle) -> list[TypedParam]:
        """`virDomainGetSchedulerParameters`"""
        self._find(dom)
        return [uint("weight", 50)]

    def domain_get_scheduler_parameters_flags(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetSchedulerParametersFlags`: libvirt's test driver refuses the flag that all its clients set."""
        check_flags(flags | STRING_OKAY, 0, "testDomainGetSchedulerParametersFlags")
        return self.domain_get_scheduler_parameters(dom)

    def domain_set_scheduler_parameters_flags(
        self, dom: DomainHandle, params: Sequence[TypedParam], flags: int
    ) -> None:
        """`virDomainSetSchedulerParametersFlags`"""
        check_flags(flags, 0, "testDomainSetSchedulerParametersFlags")
        checked(params, {"weight": UINT})
        self._find(dom)

    # Memory, the host's disks, counters.

    def domain_get_memory_parameters(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetMemoryParameters`, in KiB."""
        return self._told(dom, flags, MEMORY, "GetMemoryParameters")

    def domain_set_memory_parameters(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetMemoryParameters`, in KiB."""
        self._set(dom, params, flags, MEMORY, "SetMemoryParameters")

    def domain_get_blkio_parameters(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetBlkioParameters`"""
        return self._told(dom, flags, BLKIO, "GetBlkioParameters")

    def domain_set_blkio_parameters(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetBlkioParameters`"""
        self._set(dom, params, flags, BLKIO, "SetBlkioParameters")

    def domain_get_perf_events(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetPerfEvents`"""
        return self._told(dom, flags & ~STRING_OKAY, PERF, "GetPerfEvents")

    def domain_set_perf_events(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetPerfEvents`"""
        self._set(dom, params, flags, PERF, "SetPerfEvents")

    # NUMA.

    def domain_get_numa_parameters(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetNumaParameters`"""
        return self._told(dom, flags, NUMA, "GetNumaParameters")

    def domain_set_numa_parameters(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetNumaParameters`"""
        check_flags(flags, BOTH, "testDomainSetNumaParameters")
        given = NUMA.checked(params)
        with self._changing(dom) as state:
            definition = state.chosen(flags)
            changed = NUMA.changed(definition, given)
            if state.impact(flags) & Impact.LIVE:
                refuse_other_mode(definition, given)
            state.set_chosen(flags, changed)

    # Interfaces.

    def domain_get_interface_parameters(self, dom: DomainHandle, device: str, flags: int) -> list[TypedParam]:
        """`virDomainGetInterfaceParameters`"""
        return self._told(
            dom, flags, BANDWIDTH, "GetInterfaceParameters", lambda definition: find_interface(definition, device)
        )

    def domain_set_interface_parameters(
        self, dom: DomainHandle, device: str, params: Sequence[TypedParam], flags: int
    ) -> None:
        """`virDomainSetInterfaceParameters`"""
        check_flags(flags, BOTH, "testDomainSetInterfaceParameters")
        given = BANDWIDTH.checked(params)
        with self._changing(dom) as state:
            definition = state.chosen(flags)
            found = find_interface(definition, device)
            changed = BANDWIDTH.changed(found, given)
            interfaces = tuple(changed if one is found else one for one in definition.parts.interfaces)
            state.set_chosen(flags, definition.with_devices(interfaces=interfaces))

    # Throttled disks.

    def domain_get_block_io_tune(self, dom: DomainHandle, disk: str | None, flags: int) -> list[TypedParam]:
        """`virDomainGetBlockIoTune`"""
        if disk is None:
            check_flags(flags, BOTH, "testDomainGetBlockIoTune")
            return IOTUNE.told(Disk())
        missing = f"disk '{disk}' was not found in the domain config"
        return self._told(dom, flags, IOTUNE, "GetBlockIoTune", lambda one: _require_disk(one, disk, missing))

    def domain_set_block_io_tune(self, dom: DomainHandle, disk: str, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetBlockIoTune`"""
        check_flags(flags, BOTH, "testDomainSetBlockIoTune")
        given = IOTUNE.checked(params)
        with self._changing(dom) as state:
            definition = state.chosen(flags)
            found = _require_disk(definition, disk, f"missing persistent configuration for disk '{disk}'")
            _refuse_limits(found, given)
            changed = IOTUNE.changed(found, given)
            disks = tuple(changed if one is found else one for one in definition.parts.disks)
            self._tell_limits(state, disk, given)
            state.set_chosen(flags, definition.with_devices(disks=disks))

    def _tell_limits(self, state: TestDomain, disk: str, given: Given) -> None:
        self._emit(DomainEventID.TUNABLE, state.handle, (told_of_disk(disk, given),))


def find_disk(definition: Domain, path: str) -> Disk | None:
    """The disk of a target's name or of a path."""
    return next((disk for disk in definition.parts.disks if path in (disk.name, disk.path)), None)


def _require_disk(definition: Domain, path: str, missing: str) -> Disk:
    found = find_disk(definition, path)
    if found is None:
        raise VirtError(ErrorCode.INVALID_ARG, missing)
    return found


def _refuse_limits(disk: Disk, given: Given) -> None:
    """Refuse limits that contradict each other, or those that a disk has (`testDomainSetBlockIoTune`).

    :raises VirtError: INVALID_ARG.
    """
    merged = {**iotune(disk), **given}
    refuse_conflicts(given)
    refuse_conflicts(merged)
    for name in RATES:
        if int(merged.get(name, 0)) > int(merged.get(f"{name}_max", 0)) and given.get(name):
            raise VirtError(
                ErrorCode.INVALID_ARG, f"{name} cannot be set higher than {name}_max "
            )  # libvirt's, blank and all
