"""I/O threads: numbers, where they are pinned, how they poll."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import UINT, ULLONG, TypedParam, checked
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.values import cpus
from virtloom_test.domains.base import DomainsBase
from virtloom_test.domains.config import cpu_map, cpu_set, vcpus_now, with_pin
from virtloom_test.domains.state import TestDomain

BOTH = Impact.LIVE | Impact.CONFIG
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
            where = pin_of(definition, number) or (definition.vcpu and definition.vcpu.cpuset) or anywhere
            rows.append((number, cpu_map(where, (max(where) // 8) + 1)))
        return rows

    def domain_add_iothread(self, dom: DomainHandle, iothread_id: int, flags: int) -> None:
        """`virDomainAddIOThread`"""
        check_flags(flags, BOTH, "testDomainAddIOThread")
        _require_number(iothread_id)
        with self._changing(dom) as state:
            chosen = state.impact(flags)
            for definition in _definitions(state, chosen):
                if iothread_id in thread_ids(definition):
                    detail = f"an IOThread is already using iothread_id '{iothread_id}'"
                    raise VirtError(ErrorCode.INVALID_ARG, detail)
            _replace(state, chosen, lambda d: with_threads(d, [*thread_ids(d), iothread_id]))
            state.iothreads = {**state.iothreads, iothread_id: {"poll_max_ns": 32768, "poll_grow": 0, "poll_shrink": 0}}

    def domain_del_iothread(self, dom: DomainHandle, iothread_id: int, flags: int) -> None:
        """`virDomainDelIOThread`"""
        check_flags(flags, BOTH, "testDomainDelIOThread")
        _require_number(iothread_id)
        with self._changing(dom) as state:
            chosen = state.impact(flags)
            for definition in _definitions(state, chosen):
                _require_thread(definition, iothread_id)
            _replace(state, chosen, lambda d: with_threads(d, [n for n in thread_ids(d) if n != iothread_id]))
            state.iothreads = {number: kept for number, kept in state.iothreads.items() if number != iothread_id}

    def domain_pin_iothread(self, dom: DomainHandle, iothread_id: int, cpumap: bytes, flags: int) -> None:
        """`virDomainPinIOThread`"""
        check_flags(flags, BOTH, "testDomainPinIOThread")
        where = cpu_set(cpumap)
        if not where:
            raise VirtError(ErrorCode.INVALID_ARG, "Empty iothread cpumap list for pinning")
        with self._changing(dom) as state:
            definition = state.chosen(flags)
            if iothread_id not in thread_ids(definition):
                raise VirtError(ErrorCode.INVALID_ARG, f"iothreadid {iothread_id} not found")
            state.set_chosen(flags, with_pin(definition, "iothreadpin", {"iothread": str(iothread_id)}, where))

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


def _definitions(state: TestDomain, chosen: int) -> list[Domain]:
    live = [state.definition] if chosen & Impact.LIVE else []
    return [*live, state.config] if chosen & Impact.CONFIG else live


def _replace(state: TestDomain, chosen: int, change: Callable[[Domain], Domain]) -> None:
    if chosen & Impact.LIVE:
        state.definition = change(state.definition)
    if chosen & Impact.CONFIG:
        state.set_config(change(state.config))


def _require_number(number: int) -> None:
    if number == 0:
        raise VirtError(ErrorCode.INVALID_ARG, "invalid value of 0 for iothread_id")


def _require_thread(definition: Domain, number: int) -> None:
    if number not in thread_ids(definition):
        detail = f"cannot find IOThread '{number}' in iothreadids list"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.TEST)


def thread_ids(definition: Domain) -> list[int]:
    """The numbers of a definition's I/O threads."""
    given = (
        []
        if definition.iothreadids is None
        else [int(n.get("id") or 0) for n in definition.iothreadids.all("iothread")]
    )
    number = 1
    while len(given) < (definition.iothreads or 0):
        if number not in given:
            given.append(number)
        number += 1
    return given


def pin_of(definition: Domain, number: int) -> frozenset[int] | None:
    """Where an I/O thread is pinned."""
    for pin in () if definition.cputune is None else definition.cputune.all("iothreadpin"):
        if pin.get("iothread") == str(number):
            found: frozenset[int] = cpus.parse(pin.get("cpuset") or "0")
            return found
    return None


def with_threads(definition: Domain, numbers: list[int]) -> Domain:
    """A definition with these I/O threads."""
    if not numbers:
        return definition.replace(iothreads=None, iothreadids=None)
    ids = Node("iothreadids")
    for number in numbers:
        ids.add("iothread", {"id": str(number)})
    return definition.replace(iothreads=len(numbers), iothreadids=ids)
