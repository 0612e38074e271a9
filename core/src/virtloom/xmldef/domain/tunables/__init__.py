"""Tunables of a domain: their elements as plain numbers and back, a module for each element."""

from virtloom.xmldef.domain.tunables.bandwidth import BANDWIDTH, bandwidth, rate
from virtloom.xmldef.domain.tunables.blkio import (
    BLKIO_DEVICE,
    BLKIO_FIELDS,
    blkio,
    blkio_node,
    device_lists,
    merge_device_rates,
    with_blkio,
)
from virtloom.xmldef.domain.tunables.cputune import CPUTUNE, cpu_tunables, with_cpu_tunables
from virtloom.xmldef.domain.tunables.iotune import IOTUNE, iotune, refuse_conflicts, with_iotune
from virtloom.xmldef.domain.tunables.memory import (
    MEMTUNE,
    UNLIMITED,
    check_memory_limits,
    memory_limits,
    with_memory_limits,
)
from virtloom.xmldef.domain.tunables.numa import NUMA_MODES, numa_mode, numa_nodes, with_numa
from virtloom.xmldef.domain.tunables.perf import PERF_EVENTS, perf_events, with_perf_events

__all__ = [
    "BANDWIDTH",
    "BLKIO_DEVICE",
    "BLKIO_FIELDS",
    "CPUTUNE",
    "IOTUNE",
    "MEMTUNE",
    "NUMA_MODES",
    "PERF_EVENTS",
    "UNLIMITED",
    "bandwidth",
    "blkio",
    "blkio_node",
    "check_memory_limits",
    "cpu_tunables",
    "device_lists",
    "iotune",
    "memory_limits",
    "merge_device_rates",
    "numa_mode",
    "numa_nodes",
    "perf_events",
    "rate",
    "refuse_conflicts",
    "with_blkio",
    "with_cpu_tunables",
    "with_iotune",
    "with_memory_limits",
    "with_numa",
    "with_perf_events",
]
