"""Groups of tunables: the parameters of each, how a definition has them and how it comes to have others.

    class Tuning(...):
        def domain_get_memory_parameters(self, dom, flags):
            with self._reading(dom) as state:
                return MEMORY.told(state.chosen(flags))

        def domain_set_memory_parameters(self, dom, params, flags):
            given = MEMORY.checked(params)
            with self._changing(dom) as state:
                state.set_chosen(flags, MEMORY.changed(state.chosen(flags), given))

What a driver does to a guest that runs is its own; what is written down is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from virtloom.driver.params import (
    BOOLEAN,
    INT,
    LLONG,
    STRING,
    UINT,
    ULLONG,
    ParamValue,
    TypedParam,
    checked,
    string,
    ullong,
)
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain import tunables as xml
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk, Interface

STRING_OKAY = 4  # VIR_TYPED_PARAM_STRING_OKAY
Given = Mapping[str, ParamValue]


class Group(NamedTuple):
    """One group.

    :ivar types: the type of each parameter, in the order in which they are told.
    :ivar read: the values that a definition, or a device of it, has.
    :ivar changed: the definition, or the device, with some of them changed; raises VirtError for what cannot be.
    """

    types: Mapping[str, int]
    read: Callable[[Any], Given]
    changed: Callable[[Any, Given], Any]

    def told(self, holder: Any) -> list[TypedParam]:
        """The parameters of a definition or a device."""
        return self.tell(self.read(holder))

    def tell(self, values: Given) -> list[TypedParam]:
        """Values as parameters."""
        return [TypedParam(name, kind, values[name]) for name, kind in self.types.items() if name in values]

    def checked(self, params: Sequence[TypedParam]) -> dict[str, ParamValue]:
        """What a client gave.

        :raises VirtError: see `params.checked`.
        """
        return checked(params, self.types)


# Memory, in KiB.


def _limits(definition: Domain) -> Given:
    return dict.fromkeys(xml.MEMTUNE, xml.UNLIMITED) | xml.memory_limits(definition)


def _with_limits(definition: Domain, given: Given) -> Domain:
    limits = xml.memory_limits(definition) | {name: int(value) for name, value in given.items()}
    xml.check_memory_limits(limits)
    return xml.with_memory_limits(definition, limits)


MEMORY = Group(dict.fromkeys(xml.MEMTUNE, ULLONG), _limits, _with_limits)

# The host's disks.


def _blkio(definition: Domain) -> Given:
    weight, devices = xml.blkio(definition)
    return {"weight": weight, **xml.device_lists(devices)}


def _with_blkio(definition: Domain, given: Given) -> Domain:
    return definition.replace(blkiotune=xml.blkio_node(*xml.with_blkio(definition, given)))


BLKIO = Group({"weight": UINT} | dict.fromkeys(xml.BLKIO_DEVICE, STRING), _blkio, _with_blkio)

# Where memory lies.

NUMA = Group(
    {"numa_mode": INT, "numa_nodeset": STRING},
    lambda definition: {"numa_mode": xml.numa_mode(definition), "numa_nodeset": xml.numa_nodes(definition)},
    xml.with_numa,
)

# Processor time: periods and quotas in us.

# By the parameters' names, the elements of `<cputune>`.
SCHEDULER_FIELDS = {
    "cpu_shares": "shares",
    "vcpu_period": "period",
    "vcpu_quota": "quota",
    **{f"{who}_{what}": f"{who}_{what}" for who in ("emulator", "global", "iothread") for what in ("period", "quota")},
}
PERIOD, QUOTA = (1000, 1_000_000), (1000, 17592186044415)  # what there is of each, in us (VIR_CGROUP_CPU_*)


def refuse_scheduler(given: Given) -> None:
    """Refuse periods and quotas that no kernel takes; 0 leaves one out.

    :raises VirtError: INVALID_ARG.
    """
    for name, value in given.items():
        least, most = PERIOD if name.endswith("period") else QUOTA
        if name != "cpu_shares" and int(value) and not least <= int(value) <= most and not _is_no_quota(name, value):
            detail = f"value of '{name}' is out of range [{least}, {most}]"
            raise VirtError(ErrorCode.INVALID_ARG, detail)


def _is_no_quota(name: str, value: ParamValue) -> bool:
    return name.endswith("quota") and int(value) < 0


def scheduler(*names: str) -> Group:
    """The group of some of the scheduler's parameters, by the names of `SCHEDULER_FIELDS`."""

    def read(definition: Domain) -> Given:
        kept = xml.cpu_tunables(definition)
        return {name: kept.get(SCHEDULER_FIELDS[name], 0) for name in names}

    def changed(definition: Domain, given: Given) -> Domain:
        return xml.with_cpu_tunables(definition, {SCHEDULER_FIELDS[name]: int(value) for name, value in given.items()})

    return Group({name: LLONG if name.endswith("quota") else ULLONG for name in names}, read, changed)


# One interface.


def _with_bandwidth(one: Interface, given: Given) -> Interface:
    return one.replace(bandwidth=xml.bandwidth(one.bandwidth, given))


BANDWIDTH = Group(
    dict.fromkeys(xml.BANDWIDTH, UINT),
    lambda one: {name: xml.rate(one, name) for name in xml.BANDWIDTH},
    _with_bandwidth,
)

# One disk.


def _iotune(disk: Disk) -> Given:
    return {name: "" if name == "group_name" else 0 for name in xml.IOTUNE} | xml.iotune(disk)


IOTUNE = Group(
    {name: STRING if name == "group_name" else ULLONG for name in xml.IOTUNE},
    _iotune,
    lambda disk, given: xml.with_iotune(disk, {**xml.iotune(disk), **given}),
)


def told_of_disk(disk: str, given: Given) -> list[TypedParam]:
    """What an event tells of a disk's limits that were changed (`VIR_DOMAIN_TUNABLE_BLKDEV_*`)."""
    params = [string("blkdeviotune.disk", disk)]
    params += [
        string(f"blkdeviotune.{name}", value) if isinstance(value, str) else ullong(f"blkdeviotune.{name}", int(value))
        for name, value in given.items()
    ]
    return params


# Performance counters.

PERF = Group(
    dict.fromkeys(xml.PERF_EVENTS, BOOLEAN),
    lambda definition: dict.fromkeys(xml.PERF_EVENTS, False) | xml.perf_events(definition),
    xml.with_perf_events,
)

# How many parameters there are, for clients that ask first (`DriverBase.param_counts`).
PARAM_COUNTS = {
    "domain_get_memory_parameters": len(MEMORY.types),
    "domain_get_blkio_parameters": len(BLKIO.types),
    "domain_get_numa_parameters": len(NUMA.types),
    "domain_get_interface_parameters": len(BANDWIDTH.types),
    "domain_get_block_io_tune": len(IOTUNE.types),
}


def find_interface(definition: Domain, device: str) -> Interface:
    """An interface by its MAC address or by the name of its end on the host (`virDomainNetFind`).

    :raises VirtError: INVALID_ARG if there is none.
    """
    for one in definition.parts.interfaces:
        if device.lower() == (one.mac and one.mac.address) or device == (one.target and one.target.dev):
            return one
    raise VirtError(ErrorCode.INVALID_ARG, f"'{device}' is not a known interface", ErrorDomain.DOMAIN)
