"""Bulk statistics: a table with one function for each group of numbers, read from the kernel with no lock held.

libvirt's driver has none of them; monitoring tools ask for them first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from virtloom.driver.cgroups import Group, files
from virtloom.driver.constants.domain import DomainStatsTypes as Kind
from virtloom.driver.domains import DomainBulkStats
from virtloom.driver.domains.bulk import Rows, interface_rows, state_rows
from virtloom.driver.params import TypedParam, string, uint, ullong
from virtloom.errors import VirtError
from virtloom.locks import Guarded, ObjectGone
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_lxc.container.run import Run
from virtloom_lxc.domains.base import ContainersBase
from virtloom_lxc.domains.state import Container
from virtloom_lxc.domains.stats import counters_of

PAGING = {"cache": "disk_caches", "pgfault": "minor_fault", "pgmajfault": "major_fault"}
SERVED = ("rd.bytes", "wr.bytes", "rd.reqs", "wr.reqs")


class Subject(NamedTuple):
    """One container whose numbers are gathered: its state and its reason, its definition, its run if it has one."""

    state: int
    reason: int
    definition: Domain
    run: Run | None

    @property
    def group(self) -> Group | None:
        """Its control group, if it runs."""
        return None if self.run is None else self.run.group


def _state(subject: Subject) -> Rows:
    yield from state_rows(subject.state, subject.reason)


def _cpu_total(subject: Subject) -> Rows:
    if (group := subject.group) is None:
        return
    yield ullong("cpu.time", group.cpu_time())
    for name, time in zip(("user", "system"), group.cpu_times(), strict=True):
        yield ullong(f"cpu.{name}", time)


def _memory(subject: Subject) -> Rows:
    definition, group = subject.definition, subject.group
    yield ullong("balloon.current", definition.current_memory or definition.memory)
    yield ullong("balloon.maximum", definition.memory)
    if group is None:
        return
    if group.has(files.MEMORY_SWAP_USAGE):
        yield ullong("balloon.swap_in", group.usage(files.MEMORY_SWAP_USAGE))
    told = group.memory_stat()
    yield from (ullong(f"balloon.{word}", told[name]) for name, word in PAGING.items() if name in told)
    yield ullong("balloon.rss", group.usage(files.MEMORY_USAGE))


def _vcpu(subject: Subject) -> Rows:
    part = subject.definition.vcpu
    most = part.maximum if part is not None else 1
    yield uint("vcpu.current", most)
    yield uint("vcpu.maximum", most)


def _interfaces(subject: Subject) -> Rows:
    if subject.run is not None:
        init = subject.run.report.init
        yield from interface_rows(subject.definition.parts.interfaces, lambda one: counters_of(one, init))


def _disks(subject: Subject) -> Rows:
    disks = subject.definition.parts.disks
    yield uint("block.count", len(disks))
    for place, disk in enumerate(disks):
        yield string(f"block.{place}.name", disk.name)
        if disk.path is not None:
            yield string(f"block.{place}.path", disk.path)
            yield from _disk(f"block.{place}", disk, subject.group)


def _disk(prefix: str, disk: Disk, group: Group | None) -> Rows:
    if group is not None:
        served = group.io_served(disk.path)
        yield from (ullong(f"{prefix}.{word}", value) for word, value in zip(SERVED, served, strict=True))
    size = _size(disk.path or "")
    yield ullong(f"{prefix}.capacity", size)
    yield ullong(f"{prefix}.physical", size)


def _size(path: str) -> int:
    """The size of a block device, in bytes; 0 if it cannot be opened."""
    with suppress(OSError), open(path, "rb") as device:
        return device.seek(0, os.SEEK_END)
    return 0


GROUPS: Mapping[int, Callable[[Subject], Rows]] = {
    Kind.STATE: _state,
    Kind.CPU_TOTAL: _cpu_total,
    Kind.BALLOON: _memory,
    Kind.VCPU: _vcpu,
    Kind.INTERFACE: _interfaces,
    Kind.BLOCK: _disks,
}


class BulkStats(ContainersBase, DomainBulkStats[Container]):
    """How the numbers of one container are gathered. No job is needed: the kernel answers at once."""

    stats_groups = sum(GROUPS)

    def _gathered(self, found: Guarded[Container], groups: int, flags: int) -> Iterator[TypedParam]:
        try:
            with found.locked() as state:
                subject = Subject(state.state, state.reason, state.definition, state.run)
        except ObjectGone:
            return
        for number, rows in GROUPS.items():
            if groups & number:
                with suppress(VirtError):  # it ended meanwhile, or the host does not count that
                    yield from rows(subject)
