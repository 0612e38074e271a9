"""Tunables: parameters of a few groups, each kept in the definition's element, by tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import (
    BOOLEAN,
    INT,
    STRING,
    UINT,
    ULLONG,
    ParamValue,
    TypedParam,
    boolean,
    checked,
    int_,
    string,
    uint,
    ullong,
)
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk, Interface
from virtloom.xmldef.domain.tunables import (
    BLKIO_DEVICE,
    BLKIO_FIELDS,
    MEMTUNE,
    UNLIMITED,
    blkio,
    blkio_node,
    check_memory_limits,
    memory_limits,
    merge_device_rates,
    with_memory_limits,
)
from virtloom.xmldef.values import Misfit, cpus
from virtloom_test.domains.base import DomainsBase

BOTH = Impact.LIVE | Impact.CONFIG
STRING_OKAY = 4  # VIR_TYPED_PARAM_STRING_OKAY

PERF_EVENTS = (
    "cmt", "mbmt", "mbml", "cpu_cycles", "instructions", "cache_references", "cache_misses", "branch_instructions",
    "branch_misses", "bus_cycles", "stalled_cycles_frontend", "stalled_cycles_backend", "ref_cpu_cycles", "cpu_clock",
    "task_clock", "page_faults", "context_switches", "cpu_migrations", "page_faults_min", "page_faults_maj",
    "alignment_faults", "emulation_faults",
)  # fmt: skip
BANDWIDTH = tuple(f"{way}.{rate}" for way in ("inbound", "outbound") for rate in ("average", "peak", "burst", "floor"))[
    :-1
]
_RATES = tuple(f"{way}_{unit}_sec" for unit in ("bytes", "iops") for way in ("total", "read", "write"))
IOTUNE = (
    *_RATES,
    *(f"{rate}_max" for rate in _RATES),
    "size_iops_sec",
    "group_name",
    *(f"{rate}_max_length" for rate in _RATES),
)
NUMA_MODES = ("strict", "preferred", "interleave", "restrictive")


class Tuning(DomainsBase):
    """The calls that read and set tunables."""

    param_counts = {
        "domain_get_memory_parameters": 3,
        "domain_get_blkio_parameters": 6,
        "domain_get_numa_parameters": 2,
        "domain_get_interface_parameters": 7,
        "domain_get_block_io_tune": 20,
    }

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

    # Memory.

    def domain_get_memory_parameters(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetMemoryParameters`, in KiB."""
        check_flags(flags, BOTH, "testDomainGetMemoryParameters")
        with self._reading(dom) as state:
            limits = memory_limits(state.chosen(flags))
        return [ullong(name, limits.get(name, UNLIMITED)) for name in MEMTUNE]

    def domain_set_memory_parameters(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetMemoryParameters`, in KiB."""
        check_flags(flags, BOTH, "testDomainSetMemoryParameters")
        given = checked(params, dict.fromkeys(MEMTUNE, ULLONG))
        with self._changing(dom) as state:
            definition = state.chosen(flags)
            limits = memory_limits(definition) | {name: int(value) for name, value in given.items()}
            check_memory_limits(limits)
            state.set_chosen(flags, with_memory_limits(definition, limits))

    # Disks of the host.

    def domain_get_blkio_parameters(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetBlkioParameters`"""
        check_flags(flags, BOTH, "testDomainGetBlkioParameters")
        with self._reading(dom) as state:
            weight, devices = blkio(state.chosen(flags))
        lists = (
            string(name, ",".join(f"{path},{rates[field]}" for path, rates in devices.items() if rates.get(field)))
            for name, field in zip(BLKIO_DEVICE, BLKIO_FIELDS, strict=True)
        )
        return [uint("weight", weight), *lists]

    def domain_set_blkio_parameters(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetBlkioParameters`"""
        check_flags(flags, BOTH, "testDomainSetBlkioParameters")
        given = checked(params, {"weight": UINT} | dict.fromkeys(BLKIO_DEVICE, STRING))
        with self._changing(dom) as state:
            definition = state.chosen(flags)
            weight, devices = blkio(definition)
            weight = int(given.get("weight", weight))
            for name, field in zip(BLKIO_DEVICE, BLKIO_FIELDS, strict=True):
                if name in given:
                    merge_device_rates(devices, field, str(given[name]), name)
            state.set_chosen(flags, definition.replace(blkiotune=blkio_node(weight, devices)))

    # NUMA.

    def domain_get_numa_parameters(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetNumaParameters`"""
        check_flags(flags, BOTH, "testDomainGetNumaParameters")
        with self._reading(dom) as state:
            memory = numa_memory(state.chosen(flags))
        mode = NUMA_MODES.index(memory.get("mode") or "strict") if memory else 0
        return [int_("numa_mode", mode), string("numa_nodeset", (memory and memory.get("nodeset")) or "")]

    def domain_set_numa_parameters(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetNumaParameters`"""
        check_flags(flags, BOTH, "testDomainSetNumaParameters")
        given = checked(params, {"numa_mode": INT, "numa_nodeset": STRING})
        with self._changing(dom) as state:
            definition = state.chosen(flags)
            live = bool(state.impact(flags) & Impact.LIVE)
            state.set_chosen(flags, with_numa(definition, given, live=live))

    # Interfaces.

    def domain_get_interface_parameters(self, dom: DomainHandle, device: str, flags: int) -> list[TypedParam]:
        """`virDomainGetInterfaceParameters`"""
        check_flags(flags, BOTH, "testDomainGetInterfaceParameters")
        with self._reading(dom) as state:
            interface = find_interface(state.chosen(flags), device)
        return [uint(name, rate(interface, name)) for name in BANDWIDTH]

    def domain_set_interface_parameters(
        self, dom: DomainHandle, device: str, params: Sequence[TypedParam], flags: int
    ) -> None:
        """`virDomainSetInterfaceParameters`"""
        check_flags(flags, BOTH, "testDomainSetInterfaceParameters")
        given = checked(params, dict.fromkeys(BANDWIDTH, UINT))
        with self._changing(dom) as state:
            definition = state.chosen(flags)
            found = find_interface(definition, device)
            changed = found.replace(bandwidth=bandwidth(found.bandwidth, given))
            interfaces = tuple(changed if one is found else one for one in definition.parts.interfaces)
            state.set_chosen(flags, definition.with_devices(interfaces=interfaces))

    # Throttled disks.

    def domain_get_block_io_tune(self, dom: DomainHandle, disk: str | None, flags: int) -> list[TypedParam]:
        """`virDomainGetBlockIoTune`"""
        check_flags(flags, BOTH, "testDomainGetBlockIoTune")
        if disk is None:
            return [ullong(name, 0) if name != "group_name" else string(name, "") for name in IOTUNE]
        with self._reading(dom) as state:
            found = find_disk(state.chosen(flags), disk)
        if found is None:
            raise VirtError(ErrorCode.INVALID_ARG, f"disk '{disk}' was not found in the domain config")
        limits = iotune(found)
        return [
            string(n, str(limits.get(n, ""))) if n == "group_name" else ullong(n, int(limits.get(n, 0))) for n in IOTUNE
        ]

    def domain_set_block_io_tune(self, dom: DomainHandle, disk: str, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetBlockIoTune`"""
        check_flags(flags, BOTH, "testDomainSetBlockIoTune")
        given = checked(params, {name: STRING if name == "group_name" else ULLONG for name in IOTUNE})
        with self._changing(dom) as state:
            definition = state.chosen(flags)
            found = find_disk(definition, disk)
            if found is None:
                detail = f"missing persistent configuration for disk '{disk}'"
                raise VirtError(ErrorCode.INVALID_ARG, detail)
            limits = throttled(iotune(found), given)
            node = Node("iotune")
            for name in IOTUNE:
                if limits.get(name):
                    node.add(name, text=str(limits[name]))
            changed = found.replace(iotune=node if node.children else None)
            disks = tuple(changed if one is found else one for one in definition.parts.disks)
            self._emit_tunable(state.handle, disk, given)
            state.set_chosen(flags, definition.with_devices(disks=disks))

    def _emit_tunable(self, handle: DomainHandle, disk: str, given: Mapping[str, ParamValue]) -> None:
        params = [string("blkdeviotune.disk", disk)]
        params += [
            string(f"blkdeviotune.{n}", str(v)) if isinstance(v, str) else ullong(f"blkdeviotune.{n}", int(v))
            for n, v in given.items()
        ]
        self._emit(17, handle, (params,))  # VIR_DOMAIN_EVENT_ID_TUNABLE

    # Performance counters.

    def domain_get_perf_events(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetPerfEvents`"""
        check_flags(flags & ~4, BOTH, "testDomainGetPerfEvents")
        with self._reading(dom) as state:
            events = perf_events(state.chosen(flags))
        return [boolean(name, events.get(name) == "yes") for name in PERF_EVENTS]

    def domain_set_perf_events(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetPerfEvents`"""
        check_flags(flags, BOTH, "testDomainSetPerfEvents")
        given = checked(params, dict.fromkeys(PERF_EVENTS, BOOLEAN))
        with self._changing(dom) as state:
            definition = state.chosen(flags)
            events = perf_events(definition) | {name: "yes" if on else "no" for name, on in given.items()}
            node = Node("perf")
            for name in PERF_EVENTS:
                if name in events:
                    node.add("event", {"name": name, "enabled": events[name]})
            state.set_chosen(flags, definition.replace(perf=node))


def numa_memory(definition: Domain) -> Node | None:
    """The element that says where the guest's memory lies."""
    return None if definition.numatune is None else definition.numatune.find("memory")


def with_numa(definition: Domain, given: Mapping[str, ParamValue], *, live: bool) -> Domain:
    """A definition whose memory lies elsewhere (`virDomainNumatuneSet`).

    :raises VirtError: INVALID_ARG, OPERATION_INVALID or CONFIG_UNSUPPORTED.
    """
    memory = numa_memory(definition)
    mode, nodeset = given.get("numa_mode"), given.get("numa_nodeset")
    if mode is not None and not 0 <= int(mode) < len(NUMA_MODES):
        raise VirtError(ErrorCode.INVALID_ARG, f"unsupported numatune mode: '{mode}'")
    word = NUMA_MODES[int(mode)] if mode is not None else (memory and memory.get("mode")) or "strict"
    if live and mode is not None and memory is not None and (memory.get("mode") or "strict") != word:
        raise VirtError(ErrorCode.OPERATION_INVALID, "can't change numatune mode for running domain")
    where = (memory and memory.get("nodeset")) or ""
    if nodeset is not None:
        try:
            where = cpus.format(cpus.parse(str(nodeset)))
        except Misfit:
            detail = f"Failed to parse bitmap '{nodeset}'"
            raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.NONE) from None
    if not where:
        detail = "nodeset for NUMA memory tuning must be set if 'placement' is 'static'"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)
    node = Node("numatune")
    node.add("memory", {"mode": word, "nodeset": where})
    return definition.replace(numatune=node)


def find_interface(definition: Domain, device: str) -> Interface:
    """The interface of a MAC address or of a name on the host.

    :raises VirtError: INVALID_ARG.
    """
    for one in definition.parts.interfaces:
        if device.lower() == (one.mac and one.mac.address) or device == (one.target and one.target.dev):
            return one
    raise VirtError(ErrorCode.INVALID_ARG, f"'{device}' is not a known interface", ErrorDomain.DOMAIN)


def rate(interface: Interface, name: str) -> int:
    """One rate of an interface, such as `inbound.average`."""
    way, field = name.split(".")
    node = None if interface.bandwidth is None else interface.bandwidth.find(way)
    return int((node and node.get(field)) or 0)


def bandwidth(old: Node | None, given: Mapping[str, ParamValue]) -> Node | None:
    """The `<bandwidth>` with rates changed: a direction given anew replaces what it was, one given as 0 is cleared."""
    node = Node("bandwidth")
    for way in ("inbound", "outbound"):
        rates = {name.split(".")[1]: int(value) for name, value in given.items() if name.startswith(way)}
        kept = old.find(way) if old is not None else None
        if rates.get("average") or rates.get("floor"):
            shown = ("average", "peak", "floor", "burst")
            node.add(way, {field: str(rates[field]) for field in shown if rates.get(field)})
        elif kept is not None and not {"average", "floor"} & rates.keys():
            node.children.append(kept)
    return node if node.children else None


def find_disk(definition: Domain, path: str) -> Disk | None:
    """The disk of a target's name or of a path."""
    return next((disk for disk in definition.parts.disks if path in (disk.name, disk.path)), None)


Limits = dict[str, ParamValue]


def iotune(disk: Disk) -> Limits:
    """The limits that a disk has."""
    if disk.iotune is None:
        return {}
    return {n.tag: n.text if n.tag == "group_name" else int(n.text) for n in disk.iotune.children if n.tag in IOTUNE}


def perf_events(definition: Domain) -> dict[str, str]:
    """The counters that a definition names, each with "yes" or "no"."""
    node = definition.perf
    return {} if node is None else {e.get("name") or "": e.get("enabled") or "no" for e in node.all("event")}


class _Conflict(NamedTuple):
    total: str
    read: str
    write: str
    told: str


CONFLICTS = tuple(
    _Conflict(f"total_{unit}{end}", f"read_{unit}{end}", f"write_{unit}{end}", f"{unit}{end}")
    for unit in ("bytes_sec", "iops_sec")
    for end in ("", "_max")
)


def throttled(limits: Limits, given: Mapping[str, ParamValue]) -> Limits:
    """The limits after a change (`testDomainSetBlockIoTune` and its checks).

    :raises VirtError: INVALID_ARG for limits that contradict each other.
    """
    merged = {**limits, **given}
    for conflict in CONFLICTS:
        if given.get(conflict.total) and (given.get(conflict.read) or given.get(conflict.write)):
            raise _invalid(f"total and read/write of {conflict.told} cannot be set at the same time")
        if merged.get(conflict.total) and (merged.get(conflict.read) or merged.get(conflict.write)):
            raise _invalid(f"total and read/write of {conflict.told} cannot be set at the same time")
    for name in _RATES:
        if int(merged.get(name, 0)) > int(merged.get(f"{name}_max", 0)) and given.get(name):
            raise _invalid(f"{name} cannot be set higher than {name}_max")
    return merged


def _invalid(detail: str) -> VirtError:
    return VirtError(ErrorCode.INVALID_ARG, detail)
