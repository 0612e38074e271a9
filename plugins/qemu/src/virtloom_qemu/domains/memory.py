"""How much memory a guest has, and how often its balloon is asked."""

from __future__ import annotations

from virtloom.driver.constants.domain import DomainMemoryModFlags
from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.stats.memory import BALLOON, has_balloon

KIB = 1024
BOTH = Impact.LIVE | Impact.CONFIG
NO_BALLOON = "No memory balloon device configured, can not set the collection period"


class Memory(DomainsBase):
    """The calls for memory."""

    def domain_set_memory_flags(self, dom: DomainHandle, memory: int, flags: int) -> None:
        """`virDomainSetMemoryFlags`, in KiB."""
        self._check_flags(flags, BOTH | DomainMemoryModFlags.MAXIMUM, "DomainSetMemoryFlags")
        if flags & DomainMemoryModFlags.MAXIMUM:
            self._set_maximum(dom, memory, flags)
            return
        with self._altering(dom, flags) as change:
            live, config = change.live, change.config
            most = max((one.memory for one in (live, config) if one is not None), default=0)
            if memory > most:
                raise VirtError(ErrorCode.INVALID_ARG, "cannot set memory higher than max memory")
            if live is not None:
                inflate(change.talk, live, memory)
            if config is not None:
                change.config = config.replace(current_memory=memory)

    def _set_maximum(self, dom: DomainHandle, memory: int, flags: int) -> None:
        with self._altering(dom, flags) as change:
            if change.live is not None:
                raise invalid("cannot resize the maximum memory on an active domain")
            assert change.config is not None
            config = change.config
            if config.cpu is not None and config.cpu.find("numa") is not None:
                raise invalid("initial memory size of a domain with NUMA nodes cannot be modified with this API")
            current = config.memory if config.current_memory is None else config.current_memory
            change.config = config.replace(memory=memory, current_memory=min(current, memory))

    def domain_set_memory_stats_period(self, dom: DomainHandle, period: int, flags: int) -> None:
        """`virDomainSetMemoryStatsPeriod`, in seconds."""
        self._check_flags(flags, BOTH, "DomainSetMemoryStatsPeriod")
        with self._altering(dom, flags) as change:
            if change.live is not None:
                if not has_balloon(change.live):
                    raise VirtError(ErrorCode.INTERNAL_ERROR, NO_BALLOON)
                change.talk.ask("qom-set", path=BALLOON, property="guest-stats-polling-interval", value=period)
                change.live = with_period(change.live, period)
            if change.config is not None:
                if not has_balloon(change.config):
                    raise VirtError(ErrorCode.INTERNAL_ERROR, NO_BALLOON)
                change.config = with_period(change.config, period)


def inflate(talk: Talk, live: Domain, memory: int) -> None:
    """Have a guest's balloon leave it so much memory, in KiB.

    :raises VirtError: OPERATION_INVALID if it has no balloon.
    """
    if not has_balloon(live):
        raise invalid("Unable to change memory of active domain without the balloon device and guest OS balloon driver")
    talk.ask("balloon", value=memory * KIB)


def with_period(definition: Domain, period: int) -> Domain:
    """A definition whose balloon is asked every so many seconds; never for 0."""
    balloon = definition.parts.memballoon
    assert balloon is not None
    stats = Node("stats", {"period": str(period)}) if period else None
    return definition.with_devices(memballoon=balloon.replace(stats=stats))
