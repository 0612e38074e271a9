"""How far a long job is, and how far the last one came: what clients are told of it, as typed parameters.

| kind | what QEMU was asked | which numbers |
|---|---|---|
| a state that is written (save, dump, snapshot) | `query-migrate` | memory, pages, rates |
| memory that is dumped | `query-dump` | memory |
| neither | nothing | the time |
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from virtloom.driver.constants.domain_job import DomainJobType as Type
from virtloom.driver.params import TypedParam, int_, ullong

MBIT = 1_000_000 // 8  # bytes


class Amount(NamedTuple):
    """How much there is, in bytes."""

    total: int = 0
    processed: int = 0
    remaining: int = 0


@dataclass(frozen=True)
class JobStats:
    """One long job at a moment.

    :ivar operation: what it is for (`virDomainJobOperation`); :ivar type: how it stands (`virDomainJobType`).
    :ivar told: what QEMU said last; :ivar elapsed: how long it has taken, in ms.
    :ivar memory_only: whether memory is dumped, which cannot be aborted.
    """

    operation: int
    type: int = Type.UNBOUNDED
    memory_only: bool = False
    told: Mapping[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    elapsed: int = 0

    def now(self, told: Mapping[str, Any] | None = None) -> JobStats:
        """The same job now."""
        passed = int((time.monotonic() - self.began) * 1000)
        return replace(self, told=self.told if told is None else told, elapsed=passed)

    @property
    def memory(self) -> Amount:
        """How much memory."""
        if self.memory_only:
            total, done = int(self.told.get("total", 0)), int(self.told.get("completed", 0))
            return Amount(total, done, total - done)
        ram = self.told.get("ram") or {}
        return Amount(*(int(ram.get(name, 0)) for name in ("total", "transferred", "remaining")))

    def info(self) -> tuple[int, ...]:
        """The fields of `virDomainJobInfo`."""
        memory = (self.memory.total, self.memory.processed, self.memory.remaining)
        return (self.type, self.elapsed, 0, *memory, *memory, 0, 0, 0)

    def params(self) -> list[TypedParam]:
        """The parameters of `virDomainGetJobStats`, in libvirt's order."""
        return list(self._params())

    def _params(self) -> Iterator[TypedParam]:
        yield int_("operation", self.operation)
        yield ullong("time_elapsed", self.elapsed)
        memory = self.memory
        if self.memory_only:
            yield from _amount("memory", memory)
            return
        for name, key in (("downtime", "downtime"), ("setup_time", "setup-time")):
            if key in self.told:
                yield ullong(name, int(self.told[key]))
        yield from _amount("data", memory)
        yield from _amount("memory", memory)
        yield from _pages(self.told.get("ram") or {})


def _amount(what: str, amount: Amount) -> Iterator[TypedParam]:
    yield ullong(f"{what}_total", amount.total)
    yield ullong(f"{what}_processed", amount.processed)
    yield ullong(f"{what}_remaining", amount.remaining)


def _pages(ram: Mapping[str, Any]) -> Iterator[TypedParam]:
    speed = int(float(ram.get("mbps", 0)) * MBIT)
    if speed:
        yield ullong("memory_bps", speed)
    if "duplicate" in ram:
        for name, key in (
            ("memory_constant", "duplicate"), ("memory_normal", "normal"), ("memory_normal_bytes", "normal-bytes")
        ):  # fmt: skip
            yield ullong(name, int(ram.get(key, 0)))
    for name, key in (
        ("memory_dirty_rate", "dirty-pages-rate"), ("memory_iteration", "dirty-sync-count"),
        ("memory_postcopy_requests", "postcopy-requests"),
    ):  # fmt: skip
        yield ullong(name, int(ram.get(key, 0)))
    if ram.get("page-size"):
        yield ullong("memory_page_size", int(ram["page-size"]))
