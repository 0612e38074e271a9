"""How fast disks may be (`blkdeviotune`): disks of one group share their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.domains.tunables import IOTUNE, STRING_OKAY, told_of_disk
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import ParamValue, TypedParam
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom.xmldef.domain.tunables import iotune, refuse_conflicts, with_iotune
from virtloom.xmldef.domain.tunables.iotune import GROUP, RATES
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.domains.devices import find_disk
from virtloom_qemu.hotplug.throttle import limits_of, set_limits
from virtloom_qemu.runs.alteration import Alteration

BOTH = Impact.LIVE | Impact.CONFIG
MOST = 1_000_000_000_000_000  # QEMU_BLOCK_IOTUNE_MAX
Limits = dict[str, int | float | str]
Given = Mapping[str, ParamValue]
WAYS = ("total", "read", "write")
# What is given anew together: who gives one of a family gives all of it.
FAMILIES = [[f"{way}_{end}" for way in WAYS] for end in ("bytes_sec", "bytes_sec_max", "iops_sec", "iops_sec_max")]
LENGTHS = [[f"{way}_{unit}_sec_max_length" for way in WAYS] for unit in ("bytes", "iops")]
ALL_ZERO = "creating a new group/updating existing with all tune parameters zero is not supported"


class Throttling(DomainsBase):
    """The calls that throttle disks."""

    def domain_get_block_io_tune(self, dom: DomainHandle, disk: str | None, flags: int) -> list[TypedParam]:
        """`virDomainGetBlockIoTune`"""
        self._check_flags(flags & ~STRING_OKAY, BOTH, "DomainGetBlockIoTune")
        with self._reading(dom) as state:
            definition, live = state.chosen(flags), state.impact(flags) == Impact.LIVE
        if disk is None:
            return IOTUNE.told(Disk())
        missing = "not found in domain" if live else "was not found in the domain config"
        found = _require(definition, disk, f"disk '{disk}' {missing}")
        if not live:
            return IOTUNE.told(found)
        with self._talking(dom, JobKind.QUERY) as talk:
            return IOTUNE.tell(limits_of(talk, found))

    def domain_set_block_io_tune(self, dom: DomainHandle, disk: str, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetBlockIoTune`"""
        self._check_flags(flags, BOTH, "DomainSetBlockIoTune")
        given = IOTUNE.checked(params)
        with self._altering(dom, flags) as change:
            if any(not isinstance(value, str) and value > MOST for value in given.values()):
                detail = f"block I/O throttle limit value must be no more than {MOST}"
                raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, detail)
            refuse_conflicts(given)
            if change.config is not None and change.live is None:
                change.config = self._kept_throttled(change.config, disk, given)
            if change.live is not None:
                self._throttle(change, disk, given)
                if change.config is not None:
                    change.config = self._kept_throttled(change.config, disk, given)

    def _kept_throttled(self, config: Domain, path: str, given: Given) -> Domain:
        found = _require(config, path, f"missing persistent configuration for disk '{path}'")
        return _with_limits(config, found, _merged(config, found, given))

    def _throttle(self, change: Alteration, path: str, given: Given) -> None:
        live = change.live
        assert live is not None
        found = _require(live, path, f"disk '{path}' not found in domain")
        limits = _merged(live, found, given)
        _refuse_bursts(limits)
        set_limits(change.talk, found, limits)
        change.live = _with_limits(live, found, limits)
        params = told_of_disk(path, given)
        change.settle(lambda state: self._emit(DomainEventID.TUNABLE, state.handle, (params,)))


def _require(definition: Domain, path: str, missing: str) -> Disk:
    """The disk that is meant.

    :raises VirtError: INVALID_ARG with those words, CONFIG_UNSUPPORTED for one that QEMU does not throttle.
    """
    found = find_disk(definition, path)
    if found is None:
        raise VirtError(ErrorCode.INVALID_ARG, missing)
    if found.type == "vhostuser":
        detail = "a block I/O throttling is not supported for vhostuser disk"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
    return found


def _merged(definition: Domain, disk: Disk, given: Given) -> Limits:
    """The limits that a disk has after a change; those of its group, if it joins one (`qemuDomainSetBlockIoTune`).

    :raises VirtError: CONFIG_UNSUPPORTED for a group without limits.
    """
    own = iotune(disk)
    joined = str(given.get(GROUP) or own.get(GROUP) or "")
    others = (iotune(one) for one in definition.parts.disks if joined)
    before = next((limits for limits in others if limits.get(GROUP) == joined), own)
    limits: Limits = {**before, **given}
    for family in FAMILIES:
        if set(family) & given.keys():
            limits |= {name: given.get(name, 0) for name in family}
    for family in LENGTHS:
        for name in family if set(family) & given.keys() else ():
            rate = name.removesuffix("_max_length")
            needed = int(bool(limits.get(rate) or limits.get(f"{rate}_max"))) if before.get(name) else 0
            limits[name] = given.get(name) or needed
    if not any(limits.get(name) for name in IOTUNE.types if name != GROUP):
        if limits.get(GROUP) and limits[GROUP] != own.get(GROUP):
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, ALL_ZERO)
        limits.pop(GROUP, None)
    return limits


def _refuse_bursts(limits: Limits) -> None:
    """Refuse a burst without a rate, or below it.

    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    for rate in RATES:
        most, least = int(limits.get(f"{rate}_max", 0)), int(limits.get(rate, 0))
        if most and not least:
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, f"cannot reset '{rate}' when '{rate}_max' is set")
        if most and most < least:
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, f"value '{rate}_max' cannot be smaller than '{rate}'")


def _with_limits(definition: Domain, disk: Disk, limits: Limits) -> Domain:
    """A definition whose disk has such limits, and all disks of its group."""
    group = limits.get(GROUP)

    def shares(one: Disk) -> bool:
        return one is disk or (bool(group) and iotune(one).get(GROUP) == group)

    disks = tuple(with_iotune(one, limits) if shares(one) else one for one in definition.parts.disks)
    return definition.with_devices(disks=disks)
