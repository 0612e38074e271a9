"""Statistics of guests: made up as libvirt's are, most of them growing with the host's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from virtloom.driver.constants.domain import DomainStatsTypes as Stats
from virtloom.driver.domains.lookup import passes
from virtloom.driver.domains.state import View
from virtloom.driver.domains.tunables import find_interface
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam, int_, string, uint, ullong
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.processors import vcpu_part, vcpus_now
from virtloom_test.domains.base import DomainsBase
from virtloom_test.domains.tuning import find_disk

CPU_TIME, USER_TIME, SYSTEM_TIME = 48772617035, 5540000000, 6460000000  # ns
VCPU_LESS = 1234567890  # ns by which a processor's time in the guest is less than its time altogether
LAST_UPDATE = 627319920  # seconds since 1970
ENFORCED = 1 << 31  # VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS
FILTERS = 0xFFFFFF  # of VIR_CONNECT_GET_ALL_DOMAINS_STATS_*: which domains
Group = Callable[[View], Iterable[TypedParam]]  # what is told of a guest, by what is published of it
Row = tuple[DomainHandle, list[TypedParam]]


class Statistics(DomainsBase):
    """The calls that count what a guest does."""

    def domain_block_stats(self, dom: DomainHandle, path: str) -> tuple[int, int, int, int, int]:
        """`virDomainBlockStats`: numbers that grow with time."""
        if not path:
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, "summary statistics are not supported yet")
        with self._reading(dom) as state:
            state.require_active()
            if find_disk(state.definition, path) is None:
                raise VirtError(ErrorCode.INVALID_ARG, f"invalid path: {path}")
        return self.block_counts()

    def domain_interface_stats(self, dom: DomainHandle, device: str) -> tuple[int, ...]:
        """`virDomainInterfaceStats`: numbers that grow with time."""
        with self._reading(dom) as state:
            state.require_active()
            find_interface(state.definition, device)
        return self.interface_counts()

    def block_counts(self) -> tuple[int, int, int, int, int]:
        """What a disk has done: reads, bytes read, writes, bytes written, errors."""
        now = self.stage.clock.now_ns() // 1000
        return now // 10, now // 20, now // 30, now // 40, now // 2000000

    def interface_counts(self) -> tuple[int, ...]:
        """What an interface has done: bytes, packets, errors and drops received, then sent."""
        now = self.stage.clock.now_ns() // 1000
        received = (now // 10, now // 100, now // 1000000, now // 2000000)
        return (*received, now // 20, now // 110, now // 3000000, now // 4000000)

    def domain_memory_stats(self, dom: DomainHandle, flags: int) -> list[tuple[int, int]]:
        """`virDomainMemoryStats`: tags and values, in KiB."""
        check_flags(flags, 0, "testDomainMemoryStats")
        with self._reading(dom) as state:
            state.require_active()
            balloon = state.definition.parts.memballoon
            current = state.definition.current_memory or 0
        if balloon is None or balloon.model == "none":
            return []
        half = current // 2
        values = {6: current, 0: 0, 1: 0, 2: 0, 3: 0, 4: half, 5: current, 8: half, 9: LAST_UPDATE, 10: current // 8}
        return [*values.items(), (11, 0), (12, 0), (7, half)]

    def domain_get_cpu_stats(
        self, dom: DomainHandle, nparams: int, start_cpu: int, ncpus: int, flags: int
    ) -> tuple[list[TypedParam], int]:
        """`virDomainGetCPUStats`: of the whole guest (start_cpu -1) or by processor of the host, in ns."""
        with self._reading(dom) as state:
            state.require_active()
        if start_cpu == -1:
            total = [ullong("cpu_time", CPU_TIME), ullong("user_time", USER_TIME), ullong("system_time", SYSTEM_TIME)]
            return (total[:nparams], 3)
        if ncpus == 0:
            return ([], self.node.cores)
        if start_cpu >= self.node.cores:
            raise VirtError(
                ErrorCode.INVALID_ARG, f"start_cpu {start_cpu} larger than maximum of {self.node.cores - 1}"
            )
        rows = range(start_cpu, min(start_cpu + ncpus, self.node.cores))
        times = [CPU_TIME // self.node.cores + number for number in rows]
        each = [(ullong("cpu_time", time), ullong("vcpu_time", time - VCPU_LESS)) for time in times]
        return ([param for params in each for param in params[:nparams]], 2)

    def connect_get_all_domain_stats(self, doms: Sequence[DomainHandle], stats: int, flags: int) -> Sequence[Row]:
        """`virConnectGetAllDomainStats`: of the domains given, or of all that the flags choose."""
        groups = self._groups()
        supported = sum(groups)
        if stats & ~supported and flags & ENFORCED:
            detail = f"Stats types bits 0x{stats & ~supported:x} are not supported by this daemon"
            raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, detail)
        chosen = {flag: group for flag, group in groups.items() if flag & (stats or supported)}
        wanted, filters = {dom.uuid for dom in doms}, 0 if doms else flags & FILTERS

        def told(view: View) -> Row | None:
            shown = view.handle.uuid in wanted if wanted else not filters or passes(view, filters)
            return (view.handle, list(chain.from_iterable(group(view) for group in chosen.values()))) if shown else None

        if not wanted and self._steady(chosen):
            return self._kept_answers.ask(("statistics", *chosen, filters), told)
        return [row for view in self._views() if (row := told(view)) is not None]

    def _steady(self, chosen: Iterable[int]) -> bool:
        """Whether groups tell nothing but what domains publish: their state, and threads where there are none."""
        if set(chosen) - {Stats.STATE, Stats.IOTHREAD}:
            return False
        return not self._kept_answers.ask("threads", lambda view: True if _has_threads(view) else None)

    def _groups(self) -> dict[int, Group]:
        """What there is to be told, by the flag that asks for it, in the order in which it is told."""
        return {Stats.STATE: _state, Stats.IOTHREAD: self._iothreads}

    def _iothreads(self, view: View) -> Iterable[TypedParam]:
        return self._polls(view) if _has_threads(view) else ()

    def _polls(self, view: View) -> Iterator[TypedParam]:
        with self._reading(view.handle) as state:
            threads = state.iothreads
        yield uint("iothread.count", len(threads))
        for number, polls in threads.items():
            yield ullong(f"iothread.{number}.poll-max-ns", polls["poll_max_ns"])
            yield uint(f"iothread.{number}.poll-grow", polls["poll_grow"])
            yield uint(f"iothread.{number}.poll-shrink", polls["poll_shrink"])


class PlayedStatistics(Statistics):
    """The groups that libvirt's test driver does not have, for the tests of what watches hosts."""

    def _groups(self) -> dict[int, Group]:
        return super()._groups() | {
            Stats.CPU_TOTAL: self._processor,
            Stats.BALLOON: self._balloon,
            Stats.VCPU: self._vcpus,
            Stats.INTERFACE: self._interfaces,
            Stats.BLOCK: self._disks,
        }

    def _processor(self, view: View) -> Iterator[TypedParam]:
        if view.active:
            now = self.stage.clock.now_ns()
            yield from (ullong("cpu.time", now), ullong("cpu.user", now // 9), ullong("cpu.system", now // 8))

    def _balloon(self, view: View) -> Iterator[TypedParam]:
        definition = view.definition
        yield ullong("balloon.current", definition.current_memory or definition.memory)
        yield ullong("balloon.maximum", definition.memory)

    def _vcpus(self, view: View) -> Iterator[TypedParam]:
        count = vcpus_now(view.definition)
        yield from (uint("vcpu.current", count), uint("vcpu.maximum", vcpu_part(view.definition).maximum))
        for number in range(count if view.active else 0):
            yield int_(f"vcpu.{number}.state", 1)  # VIR_VCPU_RUNNING
            yield ullong(f"vcpu.{number}.time", self.stage.clock.now_ns() // count)

    def _interfaces(self, view: View) -> Iterator[TypedParam]:
        interfaces = view.definition.parts.interfaces if view.active else ()
        yield uint("net.count", len(interfaces))
        words = [f"{way}.{what}" for way in ("rx", "tx") for what in ("bytes", "pkts", "errs", "drop")]
        for number, one in enumerate(interfaces):
            if one.target is not None and one.target.dev is not None:
                yield string(f"net.{number}.name", one.target.dev)
            for word, count in zip(words, self.interface_counts(), strict=True):
                yield ullong(f"net.{number}.{word}", count)

    def _disks(self, view: View) -> Iterator[TypedParam]:
        disks = view.definition.parts.disks
        yield uint("block.count", len(disks))
        words = ("rd.reqs", "rd.bytes", "wr.reqs", "wr.bytes")
        for number, disk in enumerate(disks):
            yield string(f"block.{number}.name", disk.name)
            for word, count in zip(words, self.block_counts() if view.active else (), strict=False):
                yield ullong(f"block.{number}.{word}", count)


def _has_threads(view: View) -> bool:
    """Whether there are threads to tell of; the definition of one that does not run may not have been read yet."""
    return view.active and (view.definition.iothreads is not None or view.definition.iothreadids is not None)


def _state(view: View) -> tuple[TypedParam, ...]:
    return int_("state.state", view.state), int_("state.reason", view.reason)
