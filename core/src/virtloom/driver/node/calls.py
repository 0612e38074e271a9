"""The calls about the node that every driver of guests on this host answers alike."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from virtloom.driver.flags import check_flags
from virtloom.driver.node import topology
from virtloom.driver.node.kernel import sizes, text
from virtloom.driver.node.memory import NodeMemory
from virtloom.errors import ErrorCode, ErrorDomain, VirtError

NodeInfo = tuple[list[int], int, int, int, int, int, int, int]

MEMORY_NAMES = (("total", "MemTotal"), ("free", "MemFree"), ("buffers", "Buffers"), ("cached", "Cached"))
# The columns of a processor's line in /proc/stat that make each number, user with nice, kernel with interrupts.
CPU_COLUMNS = (("kernel", (2, 5, 6)), ("user", (0, 1)), ("idle", (3,)), ("iowait", (4,)))
ALL = -1  # VIR_NODE_CPU_STATS_ALL_CPUS, VIR_NODE_MEMORY_STATS_ALL_CELLS


class NodeCalls(NodeMemory):
    """A mixin for hypervisor drivers whose guests run on this host."""

    def connect_get_hostname(self) -> str:
        """`virConnectGetHostname`"""
        return os.uname().nodename

    def node_get_info(self) -> NodeInfo:
        """`virNodeGetInfo`: model, memory in KiB, processors, MHz, cells, sockets, cores, threads."""
        found = topology.cells()
        nodes, sockets, cores, threads = topology.shape(found)
        model = list(os.uname().machine.encode().ljust(32, b"\0"))
        memory, cpus = sizes(Path("/proc/meminfo"))["MemTotal"], len(topology.online())
        if nodes * sockets * cores * threads < cpus:  # an uneven host is told flat, as libvirt does
            nodes, sockets, cores, threads = 1, 1, cpus, 1
        return model, memory, cpus, topology.frequency(), nodes, sockets, cores, threads

    def node_get_cpu_map(self, flags: int) -> tuple[bytes, int, int]:
        """`virNodeGetCPUMap`: the map of those online, how many they are, how many there are."""
        check_flags(flags, 0, "virHostCPUGetMap")
        running, every = topology.online(), topology.present()
        made = bytearray(-(-len(every) // 8))
        for cpu in running:
            made[cpu // 8] |= 1 << cpu % 8
        return bytes(made), len(running), len(every)

    def node_get_cpu_stats(self, cpuNum: int, flags: int) -> Sequence[tuple[str, int]]:
        """`virNodeGetCPUStats`, in ns."""
        check_flags(flags, 0, "virHostCPUGetStatsLinux")
        name = "cpu" if cpuNum == ALL else f"cpu{cpuNum}"
        for line in text(Path("/proc/stat")).splitlines():
            first, *columns = line.split()
            if first == name:
                tick = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
                return [(what, tick * sum(int(columns[at]) for at in ats)) for what, ats in CPU_COLUMNS]
        raise _invalid(f"Invalid cpuNum in virHostCPUGetStatsLinux: {cpuNum}")

    def node_get_memory_stats(self, cellNum: int, flags: int) -> Sequence[tuple[str, int]]:
        """`virNodeGetMemoryStats`, in KiB."""
        check_flags(flags, 0, "virHostMemGetStatsLinux")
        if cellNum == ALL:
            found = sizes(Path("/proc/meminfo"))
            return [(name, found[key]) for name, key in MEMORY_NAMES]
        cell = _cell(cellNum, f"cellNum in virHostMemGetStatsLinux must be less than or equal to {_last_cell()}")
        return [("total", cell.memory), ("free", cell.free)]

    def node_get_free_memory(self) -> int:
        """`virNodeGetFreeMemory`, in bytes."""
        return 1024 * sizes(Path("/proc/meminfo"))["MemFree"]

    def node_get_cells_free_memory(self, startCell: int, maxcells: int) -> list[int]:
        """`virNodeGetCellsFreeMemory`, in bytes."""
        found = topology.cells()
        if startCell > found[-1].id:
            detail = f"start cell {startCell} out of range (0-{found[-1].id})"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NONE)
        return [1024 * cell.free for cell in found if cell.id >= startCell][:maxcells]

    def node_get_free_pages(self, pages: Sequence[int], startCell: int, cellCount: int, flags: int) -> list[int]:
        """`virNodeGetFreePages`: for each cell, how many pages of each size nobody uses."""
        check_flags(flags, 0, "virHostMemGetFreePages")
        last = _last_cell()
        if startCell > last:
            detail = f"start cell {startCell} out of range (0-{last})"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NONE)
        counts = []
        for cell in (one for one in topology.cells() if startCell <= one.id < startCell + cellCount):
            for size in pages:
                if size == topology.page_sizes()[0]:
                    counts.append(cell.free // size)
                else:
                    counts.append(topology.pages(cell.id, size, "free_hugepages"))
        return counts

    def connect_get_sysinfo(self, flags: int) -> str:
        """`virConnectGetSysinfo`: what the firmware says of the machine."""
        check_flags(flags, 0, "ConnectGetSysinfo")
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, "Host SMBIOS information is not available")


def _cell(number: int, detail: str) -> topology.Cell:
    for cell in topology.cells():
        if cell.id == number:
            return cell
    raise _invalid(detail)


def _last_cell() -> int:
    return topology.cells()[-1].id


def _invalid(detail: str) -> VirtError:
    return VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.NONE)
