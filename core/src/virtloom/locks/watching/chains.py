"""Chains of waiting: who waits for what that is held by whom, who in turn waits, down to the one who does not.

Guarantees: takes no lock of a driver or an object.
Remaining race: a chain is read link by link, so a link may be older than the next.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from virtloom.locks.checking.sites import Site
from virtloom.locks.context import RECORDS, Outside, ThreadRecord
from virtloom.locks.watching.inspection import Party, party_of
from virtloom.locks.watching.stacks import stack_of_thread


class Link(NamedTuple):
    """A thread that waits, and for what."""

    waiter: Party
    wanted: str


class Chain(NamedTuple):
    """A chain, from the thread that nobody waits for to the one that all the others wait for.

    :ivar links: those who wait for a lock or a job; none if a call waits for something outside and nobody for it.
    :ivar root: who waits for neither, at the end; its time is that of its call. None if the links are a circle.
    :ivar root_stack: where that thread is, as far as that is known.
    :ivar outside: what that thread waits for outside of the daemon, if it said so.
    """

    links: tuple[Link, ...]
    root: Party | None
    root_stack: tuple[Site, ...]
    outside: Outside | None = None

    @property
    def longest(self) -> float:
        """The longest time that one of its threads has waited, in seconds."""
        waited = [link.waiter.seconds for link in self.links]
        return max([*waited, 0.0 if self.outside is None else time.monotonic() - self.outside.since])


def chains() -> tuple[Chain, ...]:
    """All chains of this process, longest first, and of the same length the one that has waited longest."""
    now = time.monotonic()
    records = RECORDS.all()
    waiting = [record for record in records if record.waiting_for is not None]
    waited_for = {holder for record in waiting for holder in _blockers(record)}
    # A circle has no thread that nobody waits for; so those that no chain has reached begin one as well.
    ordered = sorted(waiting, key=lambda record: record in waited_for)
    seen: set[ThreadRecord] = set()
    found = []
    for record in ordered:
        if record in seen and record in waited_for:
            continue
        found.append(_follow(record, seen, now))
    alone = [record for record in records if record.waiting_for is None and record not in waited_for]
    found += [_end((), record, now) for record in alone if record.outside is not None]
    return tuple(sorted(found, key=lambda chain: (-len(chain.links), -chain.longest)))


def _blockers(record: ThreadRecord) -> tuple[ThreadRecord, ...]:
    wait = record.waiting_for
    return () if wait is None else wait.blockers()


def _follow(start: ThreadRecord, seen: set[ThreadRecord], now: float) -> Chain:
    links: list[Link] = []
    passed: set[ThreadRecord] = set()
    record: ThreadRecord | None = start
    while record is not None and record not in passed and (wait := record.waiting_for) is not None:
        passed.add(record)
        links.append(Link(party_of(record, wait.since, now), wait.wanted))
        blockers = wait.blockers()
        record = blockers[0] if blockers else None
    seen |= passed
    if record is None or record in passed:
        return Chain(tuple(links), None, ())
    return _end(tuple(links), record, now)


def _end(links: tuple[Link, ...], record: ThreadRecord, now: float) -> Chain:
    since = record.since if record.call.api is not None else now
    return Chain(links, party_of(record, since, now), stack_of_thread(record), record.outside)
