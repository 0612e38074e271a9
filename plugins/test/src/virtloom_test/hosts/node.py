"""The host that the test driver plays: its processors, its memory, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """One NUMA cell; sizes in KiB."""

    memory: int
    free: int
    cpus: int


@dataclass(frozen=True)
class Node:
    """A host (`virNodeInfo`).

    :ivar memory: in KiB; :ivar mhz: of each processor.
    """

    model: str = "i686"
    memory: int = 3145728
    cpus: int = 16
    mhz: int = 1400
    nodes: int = 2
    sockets: int = 2
    cores: int = 2
    threads: int = 2
    cells: tuple[Cell, ...] = (Cell(2048 * 1024, 1024 * 1024, 8), Cell(2 * 2048 * 1024, 2 * 1024 * 1024, 8))

    @property
    def migration_uri(self) -> str:
        """Where guests are said to be sent to; nothing is sent."""
        return "test:played"

    @property
    def max_cpus(self) -> int:
        """`VIR_NODEINFO_MAXCPUS`"""
        return self.nodes * self.sockets * self.cores * self.threads


DEFAULT_NODE = Node()
