"""Numbers about a guest's memory: what its balloon tells, and what its process takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from virtloom.driver.constants.domain import DomainMemoryStatTags as Tag
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.stats.threads import usage

KIB = 1024
BALLOON = "/machine/peripheral/balloon0"
# What the balloon calls each number, whose values are bytes unless `PLAIN` (qemuMonitorJSONGetMemoryStats).
NAMES: Mapping[str, int] = {
    "stat-swap-in": Tag.SWAP_IN,
    "stat-swap-out": Tag.SWAP_OUT,
    "stat-major-faults": Tag.MAJOR_FAULT,
    "stat-minor-faults": Tag.MINOR_FAULT,
    "stat-free-memory": Tag.UNUSED,
    "stat-total-memory": Tag.AVAILABLE,
    "stat-available-memory": Tag.USABLE,
    "stat-disk-caches": Tag.DISK_CACHES,
    "stat-htlb-pgalloc": Tag.HUGETLB_PGALLOC,
    "stat-htlb-pgfail": Tag.HUGETLB_PGFAIL,
}
PLAIN = frozenset({Tag.MAJOR_FAULT, Tag.MINOR_FAULT, Tag.HUGETLB_PGALLOC, Tag.HUGETLB_PGFAIL})
UNKNOWN = (1 << 64) - 1  # what a guest that does not say has
WORDS = {  # what bulk statistics call each tag
    Tag.SWAP_IN: "swap_in",
    Tag.SWAP_OUT: "swap_out",
    Tag.MAJOR_FAULT: "major_fault",
    Tag.MINOR_FAULT: "minor_fault",
    Tag.UNUSED: "unused",
    Tag.AVAILABLE: "available",
    Tag.RSS: "rss",
    Tag.LAST_UPDATE: "last-update",
    Tag.USABLE: "usable",
    Tag.DISK_CACHES: "disk_caches",
    Tag.HUGETLB_PGALLOC: "hugetlb_pgalloc",
    Tag.HUGETLB_PGFAIL: "hugetlb_pgfail",
}


def memory_stats(talk: Talk, live: Domain) -> list[tuple[int, int]]:
    """Tags and values, in KiB unless they are counts (`virDomainMemoryStats`).

    :raises VirtError: if the monitor fails.
    """
    found = _balloon(talk) if has_balloon(live) else []
    used = usage(talk.run.process.pid)
    return found if used is None else [*found, (Tag.RSS, used.rss)]


def has_balloon(live: Domain) -> bool:
    """Whether a guest has a balloon (`virDomainDefHasMemballoon`)."""
    balloon = live.parts.memballoon
    return balloon is not None and balloon.model not in (None, "none")


def _balloon(talk: Talk) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    told = talk.tries("query-balloon")
    if told is not None:
        found.append((Tag.ACTUAL_BALLOON, int(told["actual"]) // KIB))
    stats: Mapping[str, Any] | None = talk.tries("qom-get", path=BALLOON, property="guest-stats")
    if stats is None:
        return found
    for name, tag in NAMES.items():
        value = stats.get("stats", {}).get(name, UNKNOWN)
        if value not in (UNKNOWN, -1):
            found.append((tag, value if tag in PLAIN else value // KIB))
    return [*found, (Tag.LAST_UPDATE, int(stats.get("last-update", 0)))]
