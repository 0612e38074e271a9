"""Performance counters of a guest's process (`perf`): kept for the next start; a running guest has none."""

from __future__ import annotations

from collections.abc import Sequence

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.domains.tunables import PERF, STRING_OKAY
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom_qemu.domains.base import DomainsBase

BOTH = Impact.LIVE | Impact.CONFIG


class Counters(DomainsBase):
    """The calls for counters."""

    def domain_get_perf_events(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetPerfEvents`"""
        self._check_flags(flags & ~STRING_OKAY, BOTH, "DomainGetPerfEvents")
        with self._reading(dom) as state:
            definition, live = state.chosen(flags), state.impact(flags) == Impact.LIVE
        return PERF.tell(dict.fromkeys(PERF.types, False)) if live else PERF.told(definition)

    def domain_set_perf_events(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetPerfEvents`

        :raises VirtError: ARGUMENT_UNSUPPORTED for a counter that a running guest is to have.
        """
        self._check_flags(flags, BOTH, "DomainSetPerfEvents")
        given = PERF.checked(params)
        with self._altering(dom, flags) as change:
            wanted = next((name for name, on in given.items() if on), None)
            if change.live is not None and wanted is not None:
                detail = f"unable to enable host cpu perf event for {wanted}: counters of running guests are not read"
                raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, detail, ErrorDomain.NONE)
            if change.live is not None:
                change.live = PERF.changed(change.live, given)
            if change.config is not None:
                change.config = PERF.changed(change.config, given)
