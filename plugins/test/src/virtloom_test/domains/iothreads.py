"""I/O threads: numbers, where they are pinned, how they poll."""

from __future__ import annotations

from collections.abc import Sequence

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle
from virtloom.driver.node.cpumaps import cpu_map, pinned_cpus
from virtloom.driver.params import UINT, ULLONG, TypedParam, checked
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.iothreads import thread_ids, thread_pins, with_thread, with_thread_pin, without_thread
from virtloom.xmldef.domain.processors import vcpu_part, vcpus_now
from virtloom_test.domains.base import DomainsBase

BOTH = Impact.LIVE | Impact.CONFIG
POLLING = {"poll_max_ns": 32768, "poll_grow": 0, "poll_shrink": 0}  # a thread's at first
POLL = {"poll_max_ns": ULLONG, "poll_grow": UINT, "poll_shrink": UINT}


class IoThreads(DomainsBase):
    """The calls for I/O threads."""

    def domain_get_iothread_info(self, dom: DomainHandle, flags: int) -> list[tuple[int, bytes]]:
        """`virDomainGetIOThreadInfo`: each thread's number and where it may run."""
        check_flags(flags, BOTH, "testDomainGetIOThreadInfo")
        with self._reading(dom) as state:
            definition = state.chosen(flags)
        size = vcpus_now(definition)
        anywhere = frozenset(range(size))
        rows = []
        for number in thread_ids(definition):
            where = thread_pins(definition).get(number) or vcpu_part(definition).cpuset or anywhere
            rows.append((number, cpu_map(where)))
        return rows

    def domain_add_iothread(self, dom: DomainHandle, iothread_id: int, flags: int) -> None:
        """`virDomainAddIOThread`"""
        check_flags(flags, BOTH, "testDomainAddIOThread")
        _require_number(iothread_id)
        with self._changing(dom) as state:
            state.set_chosen(flags, with_thread(state.chosen(flags), iothread_id))
            state.iothreads = {**state.iothreads, iothread_id: POLLING}

    def domain_del_iothread(self, dom: DomainHandle, iothread_id: int, flags: int) -> None:
        """`virDomainDelIOThread`"""
        check_flags(flags, BOTH, "testDomainDelIOThread")
        _require_number(iothread_id)
        with self._changing(dom) as state:
            state.set_chosen(flags, without_thread(state.chosen(flags), iothread_id))
            state.iothreads = {number: kept for number, kept in state.iothreads.items() if number != iothread_id}

    def domain_pin_iothread(self, dom: DomainHandle, iothread_id: int, cpumap: bytes, flags: int) -> None:
        """`virDomainPinIOThread`"""
        check_flags(flags, BOTH, "testDomainPinIOThread")
        where = pinned_cpus(cpumap, "Empty iothread cpumap list for pinning")
        with self._changing(dom) as state:
            definition = state.chosen(flags)
            if iothread_id not in thread_ids(definition):
                raise VirtError(ErrorCode.INVALID_ARG, f"iothreadid {iothread_id} not found")
            state.set_chosen(flags, with_thread_pin(definition, iothread_id, where))

    def domain_set_iothread_params(
        self, dom: DomainHandle, iothread_id: int, params: Sequence[TypedParam], flags: int
    ) -> None:
        """`virDomainSetIOThreadParams`"""
        check_flags(flags, Impact.LIVE, "testDomainSetIOThreadParams")
        _require_number(iothread_id)
        with self._changing(dom) as state:
            state.impact(flags)
            if iothread_id not in thread_ids(state.definition):
                raise VirtError(ErrorCode.INVALID_ARG, f"cannot find IOThread '{iothread_id}' in iothreadids")
            given = {name: int(value) for name, value in checked(params, POLL).items()}
            state.iothreads = {**state.iothreads, iothread_id: {**state.iothreads.get(iothread_id, {}), **given}}


def _require_number(number: int) -> None:
    if number == 0:
        raise VirtError(ErrorCode.INVALID_ARG, "invalid value of 0 for iothread_id")
