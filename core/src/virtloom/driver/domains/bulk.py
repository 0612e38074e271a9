"""Bulk statistics: groups of numbers about many domains in one call (`virConnectGetAllDomainStats`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from virtloom.driver.constants.connect import ConnectGetAllDomainStatsFlags as Bulk
from virtloom.driver.domains.base import Domains, S
from virtloom.driver.domains.lookup import passes
from virtloom.driver.handles import DomainHandle
from virtloom.driver.links.counters import InterfaceStats, interface_counters
from virtloom.driver.params import TypedParam, int_, string, uint, ullong
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, ObjectGone
from virtloom.xmldef.domain.devices import Interface

FILTERS = 0xFF  # the flags that choose domains
NETWORK = tuple(f"{way}.{word}" for way in ("rx", "tx") for word in ("bytes", "pkts", "errs", "drop"))

Rows = Iterator[TypedParam]
Counted = Callable[[Interface], InterfaceStats]


class DomainBulkStats(Domains[S]):
    """The call that gathers them; a driver says which groups it has, and gathers those of one domain."""

    stats_groups = 0
    stats_flags = FILTERS | Bulk.NOWAIT | Bulk.BACKING | Bulk.ENFORCE_STATS
    stats_by = "this daemon"  # whose lack of a group is told

    def connect_get_all_domain_stats(
        self, doms: Sequence[DomainHandle], stats: int, flags: int
    ) -> list[tuple[DomainHandle, list[TypedParam]]]:
        """`virConnectGetAllDomainStats`: of the domains given, or of all that the flags choose."""
        self._check_flags(flags, self.stats_flags, "ConnectGetAllDomainStats")
        missing = stats & ~self.stats_groups
        if flags & Bulk.ENFORCE_STATS and missing:
            detail = f"Stats types bits 0x{missing:x} are not supported by {self.stats_by}"
            raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, detail)
        groups = stats & self.stats_groups if stats else self.stats_groups
        chosen = [self.domains.find(dom.uuid) for dom in doms] if doms else list(self.domains)
        rows = []
        for found in chosen:
            if found is None or found.gone or found.published is None:
                continue
            if passes(found.published, flags & FILTERS):
                with suppress(ObjectGone):  # one that is removed meanwhile fails nobody's question about the others
                    rows.append((found.published.handle, list(self._gathered(found, groups, flags))))
        return rows

    def _gathered(self, found: Guarded[S], groups: int, flags: int) -> Iterable[TypedParam]:
        """One domain's numbers; with the flag NOWAIT a busy one says what it can at once."""
        raise NotImplementedError


def state_rows(state: int, reason: int) -> Rows:
    """What a domain does."""
    yield int_("state.state", state)
    yield int_("state.reason", reason)


def of_host_end(one: Interface) -> InterfaceStats:
    """The counters of an interface's end on the host, as the guest sees them.

    :raises VirtError: INTERNAL_ERROR if it has no end there.
    """
    name = one.target.dev if one.target is not None else None
    if not name:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "Interface name not provided", ErrorDomain.NONE)
    return interface_counters(name, seen_by_guest=one.type != "direct")  # whose link is the guest's own end


def interface_rows(interfaces: Sequence[Interface], counted: Counted = of_host_end) -> Rows:
    """The network interfaces of a domain that runs.

    :param counted: tells the counters of one; those that the host has unless given.
    """
    yield uint("net.count", len(interfaces))
    for place, one in enumerate(interfaces):
        name = one.target.dev if one.target is not None else None
        if name is None:
            continue
        yield string(f"net.{place}.name", name)
        try:
            values = counted(one)
        except VirtError:
            continue  # it is being taken away just now
        yield from (ullong(f"net.{place}.{word}", value) for word, value in zip(NETWORK, values, strict=True))
