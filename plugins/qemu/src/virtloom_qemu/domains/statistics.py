"""Questions for numbers about running guests."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace

from virtloom.driver.constants.connect import ConnectGetAllDomainStatsFlags as Bulk
from virtloom.driver.constants.domain_job import DomainDirtyRateCalcFlags as Calc
from virtloom.driver.constants.domain_state import DomainControlErrorReason, DomainControlState
from virtloom.driver.domains import DomainBulkStats
from virtloom.driver.domains.bulk import of_host_end
from virtloom.driver.handles import DomainHandle
from virtloom.driver.links.counters import InterfaceStats
from virtloom.driver.params import TypedParam, llong
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, JobKind, LockError
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.domains.devices import find_disk, find_interface
from virtloom_qemu.monitor.errors import MonitorClosed, MonitorTimeout
from virtloom_qemu.runs.state import QemuDomain
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.stats.block import Blocks, BlockStats
from virtloom_qemu.stats.bulk import ALL_GROUPS, GROUPS, WITH_MONITOR, Subject
from virtloom_qemu.stats.files import image_stats
from virtloom_qemu.stats.memory import memory_stats

CALC_SECONDS = (1, 60)  # in which it can be measured how fast memory changes
NO_ERRORS = -1  # QEMU does not count them
BLOCK_PARAMS = (
    ("wr_bytes", "wr_bytes"), ("wr_operations", "wr_reqs"), ("rd_bytes", "rd_bytes"), ("rd_operations", "rd_reqs"),
    ("flush_operations", "fl_reqs"), ("wr_total_times", "wr_times"), ("rd_total_times", "rd_times"),
    ("flush_total_times", "fl_times"),
)  # fmt: skip
DISK_ERRORS = {"ok": 0, "failed": 1, "nospace": 2}  # virDomainDiskErrorCode


class Statistics(DomainsBase, DomainBulkStats[QemuDomain]):
    """The calls for numbers."""

    # All at once.

    stats_groups = ALL_GROUPS
    stats_by = "this daemon or QEMU"

    def _gathered(self, found: Guarded[QemuDomain], groups: int, flags: int) -> list[TypedParam]:
        """One guest's numbers; of one that is busy (with NOWAIT), ends or hangs, those that need no monitor."""
        with ExitStack() as stack:
            job = None
            if groups & WITH_MONITOR and found.published.active:
                try:
                    wait = 0.0 if flags & Bulk.NOWAIT else None
                    job = stack.enter_context(found.job(JobKind.QUERY, timeout=wait))
                except LockError:
                    job = None
            with found.locked() as state:
                run = state.run
                subject = Subject(
                    state.state,
                    state.reason,
                    state.definition,
                    None if run is None else run.process,
                    state.vcpu_threads,
                    None if run is None or job is None else Talk(found, job, run),
                    bool(flags & Bulk.BACKING),
                    None if run is None else run.counters,
                )
            rows: list[TypedParam] = []
            for gather in (gather for group, gather in GROUPS.items() if groups & group):
                try:
                    rows += gather(subject)
                except (MonitorClosed, MonitorTimeout):
                    subject = replace(subject, talk=None)
                    rows += gather(subject)
            return rows

    # Memory.

    def domain_start_dirty_rate_calc(self, dom: DomainHandle, seconds: int, flags: int) -> None:
        """`virDomainStartDirtyRateCalc`: have it measured how fast memory changes; `domstats` tells."""
        self._check_flags(flags, Calc.DIRTY_BITMAP | Calc.DIRTY_RING, "DomainStartDirtyRateCalc")
        shortest, longest = CALC_SECONDS
        if not shortest <= seconds <= longest:
            detail = f"seconds={seconds} is invalid, please choose value within [{shortest}, {longest}]."
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
        with self._talking(dom, JobKind.MODIFY) as talk:
            with talk.found.locked() as state:
                kvm = state.definition.node().find("features/kvm")
            ring = kvm is not None and kvm.value("dirty-ring", "state") == "on"
            if flags & Calc.DIRTY_RING and not ring:
                detail = "dirty-ring calculation mode requires dirty-ring feature enabled."
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            mode = {0: "page-sampling", Calc.DIRTY_BITMAP: "dirty-bitmap"}.get(flags, "dirty-ring")
            talk.ask("calc-dirty-rate", calc_time=seconds, mode=mode)

    def domain_memory_stats(self, dom: DomainHandle, flags: int) -> list[tuple[int, int]]:
        """`virDomainMemoryStats`: tags and values, in KiB unless they are counts."""
        self._check_flags(flags, 0, "DomainMemoryStats")
        with self._talking(dom, JobKind.QUERY) as talk:
            with talk.state() as state:
                live = state.definition
            return memory_stats(talk, live)

    # Disks.

    def domain_block_stats(self, dom: DomainHandle, path: str) -> tuple[int, int, int, int, int]:
        """`virDomainBlockStats`: requests and bytes read, the same written, and no errors counted."""
        stats = self._block_stats(dom, path)
        return stats.rd_reqs, stats.rd_bytes, stats.wr_reqs, stats.wr_bytes, NO_ERRORS

    def domain_block_stats_flags(self, dom: DomainHandle, path: str, flags: int) -> list[TypedParam]:
        """`virDomainBlockStatsFlags`: of one disk, or of all together."""
        self._check_flags(flags, 0, "DomainBlockStatsFlags")
        stats = self._block_stats(dom, path)
        if not path and not self._has_disks(dom):
            return []
        return [llong(name, getattr(stats, field)) for name, field in BLOCK_PARAMS]

    def _has_disks(self, dom: DomainHandle) -> bool:
        with self._reading(dom) as state:
            return bool(state.definition.parts.disks)

    def _block_stats(self, dom: DomainHandle, path: str) -> BlockStats:
        with self._talking(dom, JobKind.QUERY) as talk:
            with talk.state() as state:
                live = state.definition
            disk = find_disk(live, path) if path else None
            if path and disk is None:
                raise VirtError(ErrorCode.INVALID_ARG, f"invalid path: {path}")
            blocks = Blocks(talk)
            if disk is None:
                return blocks.total(live.parts.disks)
            found = blocks.of(disk)
            if found is None:
                detail = f"cannot find statistics for device '{disk.name}'"
                raise VirtError(ErrorCode.INTERNAL_ERROR, detail)
            return found

    def domain_get_block_info(self, dom: DomainHandle, path: str, flags: int) -> tuple[int, int, int]:
        """`virDomainGetBlockInfo`: allocation, capacity and physical size in bytes."""
        self._check_flags(flags, 0, "DomainGetBlockInfo")
        found = self._find(dom)
        with found.job(JobKind.QUERY) as job:
            with found.locked() as state:
                live, run = state.definition, state.run
            disk = find_disk(live, path)
            if disk is None:
                raise VirtError(ErrorCode.INVALID_ARG, f"invalid path {path} not assigned to domain")
            if disk.source is None:
                detail = f"disk '{path}' does not currently have a source assigned"
                raise VirtError(ErrorCode.INVALID_ARG, detail)
            if run is None:
                return _of_file(disk)
            stats = Blocks(Talk(found, job, run)).of(disk) or BlockStats()
        return _block_info(disk, stats)

    def domain_get_disk_errors(self, dom: DomainHandle, flags: int) -> list[tuple[str, int]]:
        """`virDomainGetDiskErrors`: the disks that have one."""
        self._check_flags(flags, 0, "DomainGetDiskErrors")
        with self._talking(dom, JobKind.QUERY) as talk:
            told = talk.ask("query-block")
            with talk.state() as state:
                disks = state.definition.parts.disks
        status = {(one.get("qdev") or "").removesuffix("/virtio-backend").rpartition("/")[2]: one for one in told}
        found = []
        for disk in disks:
            alias = (disk.alias.get("name") if disk.alias is not None else None) or ""
            number = DISK_ERRORS.get(status.get(alias, {}).get("io-status", "ok"), 0)
            if number:
                found.append((disk.name, number))
        return found

    # Interfaces.

    def domain_interface_stats(self, dom: DomainHandle, device: str) -> InterfaceStats:
        """`virDomainInterfaceStats`: bytes, packets, errors and drops, received and sent by the guest."""
        with self._reading(dom) as state:
            state.require_active()
            one = find_interface(state.definition, device)
        return of_host_end(one)

    # The monitor itself.

    def domain_get_control_info(self, dom: DomainHandle, flags: int) -> tuple[int, int, int]:
        """`virDomainGetControlInfo`: what the monitor is occupied with, and for how many ms. Waits for nothing."""
        self._check_flags(flags, 0, "DomainGetControlInfo")
        found = self._find(dom)
        with found.locked() as state:
            state.require_active()
            failure = state.failure
        if failure is not None:
            return DomainControlState.ERROR, DomainControlErrorReason.MONITOR, 0
        jobs = found.jobs.running
        if not jobs:
            return DomainControlState.OK, 0, 0
        long = next((job for job in jobs if job.kind.slot.name == "ASYNC"), None)
        kind = DomainControlState.JOB if long is not None else DomainControlState.OCCUPIED
        return kind, 0, int((long or jobs[0]).age * 1000)


def _block_info(disk: Disk, stats: BlockStats) -> tuple[int, int, int]:
    """Allocation, capacity and physical size, as `qemuDomainGetBlockInfo` puts them together."""
    qcow2 = disk.actual_type == "file" and disk.driver is not None and disk.driver.get("type") == "qcow2"
    allocation = stats.physical if qcow2 or stats.highest is None else stats.highest
    physical = stats.physical
    if not physical or not allocation or allocation == physical:
        allocation = allocation or physical
        try:
            physical = os.stat(disk.path or "").st_size
        except OSError:
            physical = stats.physical
    return allocation, stats.capacity, physical


def _of_file(disk: Disk) -> tuple[int, int, int]:
    found = image_stats(disk)
    if found is None:
        detail = f"cannot stat file '{disk.path}': No such file or directory"
        raise VirtError(ErrorCode.SYSTEM_ERROR, detail)
    return found.highest or 0, found.capacity, found.physical
