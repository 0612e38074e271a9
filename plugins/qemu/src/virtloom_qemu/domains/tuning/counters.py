"""Performance counters of a guest's process (`perf`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.domains.tunables import PERF, STRING_OKAY
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.process.counters import PerfCounters

BOTH = Impact.LIVE | Impact.CONFIG


class Counters(DomainsBase):
    """The calls for counters."""

    def domain_get_perf_events(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetPerfEvents`"""
        self._check_flags(flags & ~STRING_OKAY, BOTH, "DomainGetPerfEvents")
        with self._reading(dom) as state:
            run, definition = state.run, state.chosen(flags)
            live = run is not None and state.impact(flags) == Impact.LIVE
        if not live or run is None:
            return PERF.told(definition)
        enabled = run.counters.enabled
        return PERF.tell({name: name in enabled for name in PERF.types})

    def domain_set_perf_events(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetPerfEvents`

        :raises VirtError: SYSTEM_ERROR for what is not counted on this host; the guest is as it was then.
        """
        self._check_flags(flags, BOTH, "DomainSetPerfEvents")
        given = PERF.checked(params)
        with self._altering(dom, flags) as change:
            if change.live is not None:
                _count(change.talk.run.counters, given)
                change.live = PERF.changed(change.live, given)
            if change.config is not None:
                change.config = PERF.changed(change.config, given)


def _count(counters: PerfCounters, wanted: Mapping[str, object]) -> None:
    """Have some things counted, and others no longer, all or none."""
    before = counters.enabled
    try:
        for name in (name for name, on in wanted.items() if on):
            counters.enable(name)
    except BaseException:
        for name in counters.enabled - before:
            counters.disable(name)
        raise
    for name in (name for name, on in wanted.items() if not on):
        counters.disable(name)
