"""What a container has used: processor time, memory, disks, network."""

from __future__ import annotations

from pathlib import Path

from virtloom.driver.cgroups import files
from virtloom.driver.cgroups.usage import cpu_stats
from virtloom.driver.constants.domain import DomainMemoryStatTags as Tag
from virtloom.driver.domains.bulk import of_host_end
from virtloom.driver.handles import DomainHandle
from virtloom.driver.links.counters import InterfaceStats
from virtloom.driver.node.kernel import text
from virtloom.driver.params import TypedParam, llong
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.devices import Interface
from virtloom_lxc.domains.base import ContainersBase
from virtloom_lxc.links.checking import is_direct, mac_of

BLOCK_PARAMS = ("wr_bytes", "wr_operations", "rd_bytes", "rd_operations")


class Stats(ContainersBase):
    """The calls that read counters; the kernel is asked each time."""

    def domain_get_cpu_stats(
        self, dom: DomainHandle, nparams: int, start_cpu: int, ncpus: int, flags: int
    ) -> tuple[list[TypedParam], int]:
        """`virDomainGetCPUStats`, in ns: the parameters, and how many there are of each processor."""
        self._check_flags(flags, 0, "DomainGetCPUStats")
        return cpu_stats(self._run(dom).group, nparams, start_cpu, ncpus)

    def domain_memory_stats(self, dom: DomainHandle, flags: int) -> list[tuple[int, int]]:
        """`virDomainMemoryStats`, in KiB."""
        self._check_flags(flags, 0, "DomainMemoryStats")
        with self._reading(dom) as state:
            group, definition = state.group(), state.definition
        current = definition.current_memory or definition.memory
        swap, used = group.usage(files.MEMORY_SWAP_USAGE), group.usage(files.MEMORY_USAGE)
        return [(Tag.ACTUAL_BALLOON, current), (Tag.SWAP_IN, swap), (Tag.RSS, used)]

    def domain_block_stats(self, dom: DomainHandle, path: str) -> tuple[int, int, int, int, int]:
        """`virDomainBlockStats`: of one disk, or of all with an empty path; requests and bytes."""
        read, write, reads, writes = self._block(dom, path)
        return reads, read, writes, write, -1

    def domain_block_stats_flags(self, dom: DomainHandle, path: str, flags: int) -> list[TypedParam]:
        """`virDomainBlockStatsFlags`"""
        self._check_flags(flags, 0, "DomainBlockStatsFlags")
        read, write, reads, writes = self._block(dom, path)
        return [llong(name, value) for name, value in zip(BLOCK_PARAMS, (write, writes, read, reads), strict=True)]

    def _block(self, dom: DomainHandle, path: str) -> tuple[int, int, int, int]:
        with self._reading(dom) as state:
            group, disks = state.group(), state.definition.parts.disks
        group.require("blkio", "blkio cgroup isn't mounted")
        if not path:
            return group.io_served(None)
        for disk in disks:
            if path in (disk.name, disk.path):
                return group.io_served(disk.path)
        raise VirtError(ErrorCode.INVALID_ARG, f"invalid path: {path}")

    def domain_interface_stats(self, dom: DomainHandle, device: str) -> InterfaceStats:
        """`virDomainInterfaceStats`: of an interface by its name on the host or its MAC address."""
        with self._reading(dom) as state:
            init = state.running().report.init
            interfaces = state.definition.parts.interfaces
        for one in interfaces:
            name = one.target.dev if one.target is not None else None
            if name is not None and device in (name, mac_of(one)):
                return counters_of(one, init)
        raise VirtError(ErrorCode.INVALID_ARG, f"'{device}' is not a known interface")


def counters_of(one: Interface, init: int) -> InterfaceStats:
    """The counters of an interface: of its end on the host, or where it has none of the one inside.

    :raises VirtError: INTERNAL_ERROR if it is gone.
    """
    if not is_direct(one):
        return of_host_end(one)
    name = one.guest.get("dev") if one.guest is not None else None
    for line in text(Path(f"/proc/{init}/net/dev")).splitlines():
        link, colon, rest = line.strip().partition(":")
        if colon and link == name:
            received, sent = rest.split()[:4], rest.split()[8:12]
            a, b, c, d, e, f, g, h = (int(value) for value in received + sent)
            return a, b, c, d, e, f, g, h
    raise VirtError(ErrorCode.INTERNAL_ERROR, "/proc/net/dev: Interface not found")
