"""Threads for the I/O of disks: they come, go, poll and are pinned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.handles import DomainHandle
from virtloom.driver.node.cpumaps import cpu_map, pinned_cpus
from virtloom.driver.params import INT, UINT, ULLONG, TypedParam, checked
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.iothreads import (
    thread_ids,
    thread_pins,
    with_pool,
    with_thread,
    with_thread_pin,
    without_thread,
)
from virtloom_qemu.domains.processors.pinning import Pinning
from virtloom_qemu.process.affinity import affinity, anywhere
from virtloom_qemu.runs.given.groups import IOTHREAD, pin
from virtloom_qemu.runs.happening.refresh import iothread_threads
from virtloom_qemu.runs.talk import Talk

BOTH = Impact.LIVE | Impact.CONFIG
POLL = {"poll_max_ns": ULLONG, "poll_grow": UINT, "poll_shrink": UINT}
POOL = {"thread_pool_min": INT, "thread_pool_max": INT}
INT_MAX = (1 << 31) - 1
NAME = "iothread"


class IoThreads(Pinning):
    """The calls for I/O threads."""

    def domain_get_iothread_info(self, dom: DomainHandle, flags: int) -> list[tuple[int, bytes]]:
        """`virDomainGetIOThreadInfo`: each thread's number and where it may run; of a guest, in QEMU's order."""
        self._check_flags(flags, BOTH, "DomainGetIOThreadInfo")
        with self._reading(dom) as state:
            definition, live = state.chosen(flags), state.impact(flags) == Impact.LIVE
        if not live:
            pins, others = thread_pins(definition), anywhere(definition)
            return [(number, cpu_map(pins.get(number, others))) for number in thread_ids(definition)]
        with self._talking(dom, JobKind.QUERY) as talk:
            return [(number, cpu_map(affinity(thread))) for number, thread in iothread_threads(talk).items()]

    def domain_add_iothread(self, dom: DomainHandle, iothread_id: int, flags: int) -> None:
        """`virDomainAddIOThread`"""
        self._check_flags(flags, BOTH, "DomainAddIOThread")
        _require_number(iothread_id)
        with self._altering(dom, flags) as change:
            if change.config is not None:
                change.config = with_thread(change.config, iothread_id)
            if change.live is not None:
                change.live = with_thread(change.live, iothread_id)
                change.talk.ask("object-add", qom_type="iothread", id=f"{NAME}{iothread_id}")
                change.settle()

    def domain_del_iothread(self, dom: DomainHandle, iothread_id: int, flags: int) -> None:
        """`virDomainDelIOThread`"""
        self._check_flags(flags, BOTH, "DomainDelIOThread")
        _require_number(iothread_id)
        with self._altering(dom, flags) as change:
            if change.config is not None:
                change.config = without_thread(change.config, iothread_id)
            if change.live is not None:
                change.live = without_thread(change.live, iothread_id)
                change.talk.ask("object-del", id=f"{NAME}{iothread_id}")
                change.settle()

    def domain_pin_iothread(self, dom: DomainHandle, iothread_id: int, cpumap: bytes, flags: int) -> None:
        """`virDomainPinIOThread`"""
        self._check_flags(flags, BOTH, "DomainPinIOThread")
        where = pinned_cpus(cpumap, "Empty iothread cpumap list for pinning")
        with self._altering(dom, flags) as change:
            if change.live is not None:
                found = iothread_threads(change.talk)
                if iothread_id not in found:
                    raise VirtError(ErrorCode.INVALID_ARG, f"iothread {iothread_id} not found")
                pin(change.talk.run.groups, IOTHREAD, iothread_id, found[iothread_id], where)
                change.live = with_thread_pin(change.live, iothread_id, where)
                self._tell_pinned(change, f"cputune.iothreadpin{iothread_id}", where)
            if change.config is not None:
                if iothread_id not in thread_ids(change.config):
                    raise VirtError(ErrorCode.INVALID_ARG, f"iothreadid {iothread_id} not found")
                change.config = with_thread_pin(change.config, iothread_id, where)

    def domain_set_iothread_params(
        self, dom: DomainHandle, iothread_id: int, params: Sequence[TypedParam], flags: int
    ) -> None:
        """`virDomainSetIOThreadParams`"""
        self._check_flags(flags, BOTH, "DomainSetIOThreadParams")
        _require_number(iothread_id)
        given = {name: int(value) for name, value in checked(params, POLL | POOL).items()}
        _refuse_sizes(given)
        with self._altering(dom, flags) as change:
            pool = {name: size for name, size in given.items() if name in POOL}
            if change.config is not None:
                _refuse_pool(change.config, iothread_id, pool, live=False)
                if len(pool) != len(given):
                    detail = "configuring persistent polling values is not supported"
                    raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
                change.config = with_pool(change.config, iothread_id, pool)
            if change.live is not None:
                _refuse_pool(change.live, iothread_id, pool, live=True)
                _set(change.talk, iothread_id, given)
                if pool:
                    change.live = with_pool(change.live, iothread_id, pool)


def _set(talk: Talk, number: int, given: Mapping[str, Any]) -> None:
    """Set properties of a thread; a pool that shrinks gets its least size first, one that grows its most."""
    names = sorted(given, key=lambda name: (name in POOL, name))
    path = f"/objects/{NAME}{number}"
    if set(POOL) <= set(given):
        most = talk.ask("qom-get", path=path, property="thread-pool-max")
        names = [name for name in names if name not in POOL]
        names += sorted(POOL, reverse=given["thread_pool_min"] <= most)
    for name in names:
        talk.ask("qom-set", path=path, property=name.replace("_", "-"), value=given[name])


def _require_number(number: int) -> None:
    if number == 0:
        raise VirtError(ErrorCode.INVALID_ARG, "invalid value of 0 for iothread_id")


def _refuse_sizes(given: Mapping[str, int]) -> None:
    """What `qemuDomainIOThreadParseParams` refuses."""
    for name in POLL:
        if given.get(name, 0) > INT_MAX:
            detail = f"{name.replace('_', '-')} ({given[name]}) must be less than or equal to {INT_MAX}"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
    least, most = given.get("thread_pool_min", 0), given.get("thread_pool_max", 1)
    if least < -1:
        detail = f"thread_pool_min ({least}) must be equal to or greater than -1"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
    if most < -1 or not most:
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, f"thread_pool_max ({most}) must be a positive number or -1")


def _refuse_pool(definition: Domain, number: int, pool: Mapping[str, int], *, live: bool) -> None:
    """What `qemuDomainIOThreadValidate` refuses."""
    if number not in thread_ids(definition):
        raise VirtError(ErrorCode.INVALID_ARG, f"cannot find IOThread '{number}' in iothreadids")
    for name, size in pool.items():
        if live and size < 0:
            detail = f"{name} ({size}) must be equal to or greater than 0 for live change"
            raise VirtError(ErrorCode.OPERATION_INVALID, detail)
    listed = definition.iothreadids.all("iothread") if definition.iothreadids is not None else ()
    known = next((one.attrs for one in listed if one.get("id") == str(number)), {})
    least, most = (pool.get(name, int(known.get(name, -1))) for name in sorted(POOL, reverse=True))
    if least > most:
        detail = f"thread_pool_min ({least}) can't be greater than thread_pool_max ({most})"
        raise VirtError(ErrorCode.OPERATION_INVALID, detail)
