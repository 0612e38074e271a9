"""The host's processors and memory: cells, sockets, cores, threads (`virCapabilitiesHostNUMA`)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from virtloom.driver.node.kernel import SYSTEM, members, number, sizes, text


class Cpu(NamedTuple):
    """One processor that is online, and where it sits."""

    id: int
    socket: int
    die: int
    core: int
    siblings: frozenset[int]


class Cell(NamedTuple):
    """One NUMA cell: its memory in KiB, its distances to all cells, its processors."""

    id: int
    memory: int
    free: int
    distances: tuple[int, ...]
    cpus: tuple[Cpu, ...]


def online(system: Path = SYSTEM) -> frozenset[int]:
    """The processors that are in use."""
    return members(system / "cpu/online") or frozenset(range(os.cpu_count() or 1))


def present(system: Path = SYSTEM) -> frozenset[int]:
    """The processors that the host has."""
    return members(system / "cpu/present") or online(system)


def cpu(id: int, system: Path = SYSTEM) -> Cpu:
    """A processor and its place."""
    place = system / f"cpu/cpu{id}/topology"
    siblings = members(place / "thread_siblings_list") or frozenset({id})
    return Cpu(
        id,
        number(place / "physical_package_id"),
        max(number(place / "die_id"), 0),
        number(place / "core_id", id),
        siblings,
    )


def cells(system: Path = SYSTEM) -> list[Cell]:
    """The host's cells; a host without NUMA has one."""
    running = online(system)
    numbers = sorted(members(system / "node/online"))
    if not numbers:
        memory = sizes(Path("/proc/meminfo"))
        every = tuple(cpu(id, system) for id in sorted(running))
        return [Cell(0, memory["MemTotal"], memory["MemFree"], (), every)]
    found = []
    for id in numbers:
        place = system / f"node/node{id}"
        memory = sizes(place / "meminfo")
        distances = tuple(int(one) for one in text(place / "distance").split())
        mine = tuple(cpu(one, system) for one in sorted(members(place / "cpulist") & running))
        found.append(Cell(id, memory.get("MemTotal", 0), memory.get("MemFree", 0), distances, mine))
    return found


def page_sizes() -> list[int]:
    """The sizes of pages that the host has, in KiB, the smallest first."""
    huge = (re.fullmatch(r"hugepages-(\d+)kB", name) for name in os.listdir("/sys/kernel/mm/hugepages"))
    return [os.sysconf("SC_PAGE_SIZE") >> 10, *sorted(int(one[1]) for one in huge if one is not None)]


def pages(cell: int, size: int, what: str = "nr_hugepages", system: Path = SYSTEM) -> int:
    """How many huge pages of a size, in KiB, a cell has.

    :param what: `nr_hugepages`, or `free_hugepages` for those that nobody uses.
    """
    name = f"hugepages/hugepages-{size}kB/{what}"
    place = system / f"node/node{cell}"
    return number(place / name) if place.exists() else number(Path("/sys/kernel/mm") / name)


def frequency() -> int:
    """The processors' frequency in MHz, 0 where the kernel does not tell."""
    found = re.search(r"^cpu MHz\s*:\s*(\d+)", text(Path("/proc/cpuinfo")), re.MULTILINE)
    return int(found[1]) if found is not None else 0


class Shape(NamedTuple):
    """How the processors are arranged (`virNodeInfo`): in as many of each as go evenly, or flat."""

    nodes: int
    sockets: int
    cores: int
    threads: int


def shape(found: list[Cell]) -> Shape:
    """The arrangement of the host's processors; the largest of each kind counts."""
    threads = max((len(one.siblings) for cell in found for one in cell.cpus), default=1)
    packages = [{(one.socket, one.die) for one in cell.cpus} for cell in found]
    cores = max(
        (
            len({one.core for one in cell.cpus if (one.socket, one.die) == package})
            for cell, mine in zip(found, packages, strict=True)
            for package in mine
        ),
        default=1,
    )
    return Shape(len(found), max(map(len, packages), default=1), cores, threads)
