"""Bulk statistics: a table with one function for each group of numbers, with and without the guest's monitor.

`virConnectGetAllDomainStats` asks for groups of many guests at once. A group that needs the monitor of a guest that is
busy says what it can without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from virtloom.driver.constants.domain import DomainMemoryStatTags as Tag
from virtloom.driver.constants.domain import DomainStatsTypes as Group
from virtloom.driver.constants.domain_state import VcpuState
from virtloom.driver.domains.bulk import Rows, interface_rows, state_rows
from virtloom.driver.params import int_, llong, string, uint, ullong
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.process import GuestProcess
from virtloom_qemu.process.counters import PerfCounters
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.stats.block import Blocks, BlockStats
from virtloom_qemu.stats.files import image_stats
from virtloom_qemu.stats.memory import WORDS, has_balloon, memory_stats
from virtloom_qemu.stats.threads import delayed, usage, waited
from virtloom_qemu.storage.layers import Layer, chain_of_disk, mirror_as_disk

REQUESTS = (
    ("rd.reqs", "rd_reqs"), ("rd.bytes", "rd_bytes"), ("rd.times", "rd_times"), ("wr.reqs", "wr_reqs"),
    ("wr.bytes", "wr_bytes"), ("wr.times", "wr_times"), ("fl.reqs", "fl_reqs"), ("fl.times", "fl_times"),
)  # fmt: skip
DIRTY_RATE = ("unstarted", "measuring", "measured")


@dataclass(frozen=True)
class Subject:
    """One guest whose numbers are gathered.

    :ivar state: reason: of the domain; :ivar live: its definition.
    :ivar process: None if it does not run; :ivar vcpus: the threads of its processors.
    :ivar talk: None if its monitor cannot be asked, since it does not run or is busy.
    :ivar counters: what is counted of its process; None if it does not run.
    :ivar backing: whether every image behind a disk is told of.
    """

    state: int
    reason: int
    live: Domain
    process: GuestProcess | None
    vcpus: Mapping[int, int]
    talk: Talk | None
    backing: bool = False
    counters: PerfCounters | None = None

    @cached_property
    def blocks(self) -> Blocks | None:
        """What the monitor says of the disks."""
        return None if self.talk is None else Blocks(self.talk)


def state(subject: Subject) -> Rows:
    """What it does."""
    yield from state_rows(subject.state, subject.reason)


def cpu_total(subject: Subject) -> Rows:
    """The processor time of its process; none was used by one that there is not."""
    used = None if subject.process is None else usage(subject.process.pid)
    yield ullong("cpu.time", 0 if used is None else used.time)
    yield ullong("cpu.user", 0 if used is None else used.user)
    yield ullong("cpu.system", 0 if used is None else used.system)
    if subject.process is None:
        return
    yield uint("cpu.cache.monitor.count", 0)
    yield ullong("cpu.haltpoll.success.time", 0)
    yield ullong("cpu.haltpoll.fail.time", 0)


def balloon(subject: Subject) -> Rows:
    """Its memory."""
    live = subject.live
    current = live.current_memory if has_balloon(live) and live.current_memory is not None else live.memory
    yield ullong("balloon.current", current)
    yield ullong("balloon.maximum", live.memory)
    if subject.talk is not None:
        told = dict(memory_stats(subject.talk, live))
        order = (tag for tag in told if tag in WORDS and tag != Tag.ACTUAL_BALLOON)
        yield from (ullong(f"balloon.{WORDS[tag]}", told[tag]) for tag in order)


def vcpu(subject: Subject) -> Rows:
    """Its processors."""
    part = subject.live.vcpu
    most = part.maximum if part is not None else 1
    current = part.current if part is not None and part.current is not None else most
    yield uint("vcpu.current", current)
    yield uint("vcpu.maximum", most)
    if subject.process is None:
        return
    pid = subject.process.pid
    for number, thread in sorted(subject.vcpus.items()):
        used = usage(pid, thread)
        yield int_(f"vcpu.{number}.state", VcpuState.RUNNING)
        yield ullong(f"vcpu.{number}.time", 0 if used is None else used.time)
        yield ullong(f"vcpu.{number}.wait", waited(pid, thread))
        yield ullong(f"vcpu.{number}.delay", delayed(pid, thread))


def interface(subject: Subject) -> Rows:
    """Its network interfaces, as the host counts them."""
    if subject.process is not None:
        yield from interface_rows(subject.live.parts.interfaces)


def block(subject: Subject) -> Rows:
    """Its disks; with `backing` every image of each, and what it is copied to."""
    images = [(disk, place, layer) for disk in subject.live.parts.disks for place, layer in _told_of(disk, subject)]
    yield uint("block.count", len(images))
    for number, (disk, place, layer) in enumerate(images):
        yield from _image(subject, f"block.{number}", disk, place, layer)


def _told_of(disk: Disk, subject: Subject) -> list[tuple[int, Layer | None]]:
    """The images of a disk that are told of, each with its place in the chain; an empty drive has none, and is told."""
    layers = chain_of_disk(disk).layers
    if not subject.backing or subject.talk is None:
        return [(0, layers[0] if layers else None)]
    if disk.mirror is not None:
        layers += chain_of_disk(mirror_as_disk(disk)).layers[:1]
    return list(enumerate(layers)) or [(0, None)]


def _requests(prefix: str, stats: BlockStats) -> Rows:
    return (ullong(f"{prefix}.{name}", getattr(stats, field)) for name, field in REQUESTS)


def _image(subject: Subject, prefix: str, disk: Disk, place: int, layer: Layer | None) -> Rows:
    yield string(f"{prefix}.name", disk.name)
    if layer is None:
        empty = subject.blocks.of(disk) if subject.blocks is not None else None
        yield from () if empty is None else _requests(prefix, empty)
        return
    if layer.type in ("file", "block", "dir") and layer.path is not None:
        yield string(f"{prefix}.path", layer.path)
    if layer.number is not None and subject.process is not None:
        yield uint(f"{prefix}.backingIndex", layer.number)
    blocks = subject.blocks
    if blocks is None:
        yield from _sizes(prefix, image_stats(disk))
        return
    stats = blocks.node(layer.node) if place else blocks.of(disk)
    if stats is None:
        return
    if not place:
        yield from _requests(prefix, stats)
    yield from _sizes(prefix, stats)
    threshold = blocks.threshold(layer)
    if threshold:
        yield ullong(f"{prefix}.threshold", threshold)


def _sizes(prefix: str, stats: BlockStats | None) -> Rows:
    if stats is None:
        return
    if stats.highest is not None:
        yield ullong(f"{prefix}.allocation", stats.highest)
    yield ullong(f"{prefix}.capacity", stats.capacity)
    yield ullong(f"{prefix}.physical", stats.physical)


def iothread(subject: Subject) -> Rows:
    """Its threads for I/O."""
    if subject.talk is None or not subject.live.iothreads:
        return
    threads = subject.talk.ask("query-iothreads")
    yield uint("iothread.count", len(threads))
    for one in threads:
        number = str(one["id"]).removeprefix("iothread")
        yield ullong(f"iothread.{number}.poll-max-ns", one.get("poll-max-ns", 0))
        yield uint(f"iothread.{number}.poll-grow", one.get("poll-grow", 0))
        yield uint(f"iothread.{number}.poll-shrink", one.get("poll-shrink", 0))


def dirty_rate(subject: Subject) -> Rows:
    """How fast its memory changes, if that was measured."""
    told = None if subject.talk is None else subject.talk.tries("query-dirty-rate")
    if told is None:
        return
    yield int_("dirtyrate.calc_status", DIRTY_RATE.index(told["status"]))
    yield llong("dirtyrate.calc_start_time", told["start-time"])
    yield int_("dirtyrate.calc_period", told["calc-time"])
    yield string("dirtyrate.calc_mode", told.get("mode", "page-sampling"))
    if told["status"] == "measured":
        yield llong("dirtyrate.megabytes_per_second", told.get("dirty-rate", 0))
        for one in told.get("vcpu-dirty-rate", ()):
            yield ullong(f"dirtyrate.vcpu.{one['id']}.megabytes_per_second", one["dirty-rate"])


def perf(subject: Subject) -> Rows:
    """What is counted of its process."""
    counted = {} if subject.counters is None else subject.counters.read()
    for name, value in counted.items():
        yield ullong(f"perf.{name}", value)


def nothing(subject: Subject) -> Rows:
    """A group that is known and has nothing to tell here."""
    yield from ()


GROUPS: Mapping[int, Callable[[Subject], Rows]] = {
    Group.STATE: state,
    Group.CPU_TOTAL: cpu_total,
    Group.BALLOON: balloon,
    Group.VCPU: vcpu,
    Group.INTERFACE: interface,
    Group.BLOCK: block,
    Group.PERF: perf,
    Group.IOTHREAD: iothread,
    Group.MEMORY: nothing,
    Group.DIRTYRATE: dirty_rate,
    Group.VM: nothing,
}
ALL_GROUPS = sum(GROUPS)
WITH_MONITOR = Group.CPU_TOTAL | Group.BALLOON | Group.VCPU | Group.BLOCK | Group.IOTHREAD | Group.DIRTYRATE | Group.VM
