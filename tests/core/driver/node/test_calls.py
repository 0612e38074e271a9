"""What the host tells of itself, held against what the kernel says elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from virtloom.driver.node import NodeCalls
from virtloom.driver.node.capabilities import host_element
from virtloom.driver.node.kernel import sizes
from virtloom.driver.node.topology import Cell, Cpu, Shape, shape
from virtloom.errors import VirtError


def test_processors_are_counted_as_the_scheduler_counts_them() -> None:
    node = NodeCalls()
    cpus = node.node_get_info()[2]
    bits, online, present = node.node_get_cpu_map(0)
    assert cpus == online == os.cpu_count() == sum(byte.bit_count() for byte in bits) <= present


def test_memory_is_that_of_meminfo() -> None:
    node = NodeCalls()
    told = dict(node.node_get_memory_stats(-1, 0))
    assert told["total"] == node.node_get_info()[1] == sizes(Path("/proc/meminfo"))["MemTotal"]
    assert 0 < told["free"] <= told["total"]


def test_a_processor_or_a_cell_that_is_not_there_is_refused() -> None:
    node = NodeCalls()
    with pytest.raises(VirtError, match="Invalid cpuNum in virHostCPUGetStatsLinux: 4711"):
        node.node_get_cpu_stats(4711, 0)
    with pytest.raises(VirtError, match="must be less than or equal to"):
        node.node_get_memory_stats(4711, 0)
    with pytest.raises(VirtError, match="start cell 4711 out of range"):
        node.node_get_cells_free_memory(4711, 1)


def test_the_capabilities_name_every_processor_once() -> None:
    topology = host_element().find("topology/cells")
    assert topology is not None
    ids = [cpu.get("id") for cell in topology.children for cpu in cell.find("cpus").children]  # type: ignore[union-attr]
    assert len(ids) == len(set(ids)) == os.cpu_count()


def cpu(id: int, socket: int, core: int, siblings: set[int]) -> Cpu:
    return Cpu(id, socket, 0, core, frozenset(siblings))


def test_the_shape_of_two_sockets_with_two_cores_of_two_threads() -> None:
    place = [(socket, core) for socket in range(2) for core in range(2) for _ in range(2)]
    cpus = tuple(cpu(id, socket, core, {id & ~1, id | 1}) for id, (socket, core) in enumerate(place))
    assert shape([Cell(0, 1, 1, (), cpus)]) == Shape(1, 2, 2, 2)
