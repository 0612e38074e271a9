"""The checker: judges each acquisition by the rules, and keeps what it found.

Guarantees: in `enforce` mode a breach is written down and raised at the line that made it, before the lock is
taken; in `record` mode it is written down only, save for those that would hang or corrupt: taking a lock
again that the thread holds, and releasing one that it does not. In `off` mode nothing is checked.
Assumes: a thread's stack of held locks is sorted by level unless a breach was already reported; so a new lock
is compared with the last one first, and with all others only when that pair is new.
Remaining race: none in judging, since a thread is judged by what it holds itself. A finding made by two
threads at once is kept once.
What happens beside judging (long waits, holds that are recorded) is told to its `watch`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from virtloom.locks.checking import audit, sleeping
from virtloom.locks.checking.order import Edge, OrderGraph
from virtloom.locks.checking.rules import Finding, Rule
from virtloom.locks.checking.sites import Site, caller_stack
from virtloom.locks.context import THREADS, ThreadRecord
from virtloom.locks.errors import LockViolation
from virtloom.locks.levels import Level
from virtloom.locks.watching.watch import Watch

if TYPE_CHECKING:
    from virtloom.locks.job import Job
    from virtloom.locks.lock import CheckedLock, Lock

MAX_FINDINGS = 1000  # kept; a daemon with more distinct breaches needs a developer, not a longer list


class Mode(Enum):
    """How much is checked: `[locks] checking` of the configuration."""

    OFF = "off"
    RECORD = "record"
    ENFORCE = "enforce"


class Checker:
    """Judges the locks that were made with it.

    :param mode: a `Mode` or its value.
    :param on_finding: called with each new finding, on the thread that made it and with its locks still held: it
        must be quick and take no lock but a leaf.
    """

    def __init__(self, mode: Mode | str = Mode.RECORD, on_finding: Callable[[Finding], None] | None = None) -> None:
        self.mode = Mode(mode)
        self.graph = OrderGraph()
        self.watch = Watch(self if self.checking else None)
        self._on_finding = on_finding
        self._mutex = threading.Lock()
        self._findings: dict[tuple[Rule, tuple[Site, ...]], Finding] = {}
        if self.checking:
            audit.install()
        if self.enforcing:
            sleeping.install()

    @property
    def checking(self) -> bool:
        """Whether anything is checked at all."""
        return self.mode is not Mode.OFF

    @property
    def enforcing(self) -> bool:
        """Whether a breach raises."""
        return self.mode is Mode.ENFORCE

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found so far, oldest first."""
        with self._mutex:
            return tuple(self._findings.values())

    def report(
        self, rule: Rule, detail: str, lock: Lock | None = None, *, about: str | None = None, other: Site | None = None
    ) -> None:
        """Write a breach down.

        :param lock: the lock that is held; where it was taken is the finding's other place.
        :param about: what the finding is about; that lock's name unless given.
        :param other: the other place, if it is not that one.
        :raises LockViolation: in enforce mode.
        """
        if lock is not None:
            about, other = about or lock.name, other or lock.taken_at
        self.note(rule, detail, about, other)
        if self.enforcing:
            raise LockViolation(rule, detail)

    def note(self, rule: Rule, detail: str, about: str | None = None, other: Site | None = None) -> None:
        """Write a breach down that is dealt with already, so that it is not raised in any mode."""
        me = THREADS.me
        call = me.call
        finding = Finding(rule, detail, me.thread.name, call.api, caller_stack(), call.client, about, other)
        if self._keep(finding) and self._on_finding is not None:
            self._on_finding(finding)

    def forbid(self, rule: Rule, detail: str, lock: Lock | None = None) -> LockViolation:
        """Write down a breach that cannot be tolerated in any mode; the caller raises what is returned."""
        try:
            self.report(rule, detail, lock)
        except LockViolation as violation:
            return violation
        return LockViolation(rule, detail)

    def _keep(self, finding: Finding) -> bool:
        """Whether it is new; one that is known is completed by a place that it lacked."""
        identity = (finding.rule, finding.stack)
        with self._mutex:
            known = self._findings.get(identity)
            if known is None and len(self._findings) >= MAX_FINDINGS:
                return False
            if known is None or (known.other is None and finding.other is not None):
                self._findings[identity] = finding
            return known is None

    def acquiring(self, lock: CheckedLock, me: ThreadRecord) -> None:
        """Judge an acquisition whose pair (last lock held, this lock) is not known to be legal."""
        if lock in me.held:
            raise self.forbid(Rule.REENTRY, f"{me} takes {lock.name} again, which it holds", lock)
        for held in me.held:
            breach = _breach(held, lock)
            if breach is not None:
                self.report(breach, f"{lock.name} is taken while {held.name} is held", held)
        self.ordered(lock, me)

    def ordered(self, lock: CheckedLock, me: ThreadRecord) -> None:
        """Add an acquisition to the order graph, and report the cycle that it closes."""
        for held in me.held:
            cycle = self.graph.add(held.lock_class, lock.lock_class, caller_stack())
            if cycle is not None:
                self.report(Rule.INVERSION, _inversion(held, lock, cycle), held, other=_first_site(cycle))
        last = me.held[-1].lock_class
        if last.level < lock.level:
            last.followers.add(lock.lock_class)

    def waiting(self, lock: CheckedLock, me: ThreadRecord) -> None:
        """Judge that a thread is about to wait for a lock."""
        if lock.level is not Level.OBJECT:
            return
        for held in me.held:
            if held.level is Level.DRIVER:
                detail = f"{lock.name} is waited for while {held.name} is held"
                self.report(Rule.WAIT_UNDER_DRIVER, detail, held)

    def obtaining(self, what: str) -> None:
        """Judge that this thread obtains an object, named by its type, from a collection."""
        for held in THREADS.me.held:
            if held.level is Level.OBJECT:
                self.report(Rule.OBTAINED_UNDER_OBJECT, f"a {what} is obtained while {held.name} is locked", held)

    def still_held(self, lock: CheckedLock) -> None:
        """Report a lock that is held at the end of a call."""
        self.report(Rule.HELD_AT_END, f"{lock.name} is still held at the end of {_this_call()}", lock)

    def still_running(self, job: Job) -> None:
        """Report a job that was begun in a call and not ended with it."""
        detail = f"the {job.kind.value} job on {job.object_name} still runs at the end of {_this_call()}"
        self.report(Rule.HELD_AT_END, detail, about=job.object_name, other=job.entered_at)

    def awaiting_job(self, wanted: str) -> None:
        """Judge that this thread asks for a job, which may mean waiting."""
        for held in THREADS.me.held:
            self.report(Rule.JOB_UNDER_LOCK, f"a {wanted} is waited for while {held.name} is held", held)

    def blocked(self, what: str, lock: CheckedLock) -> None:
        """Report something that sleeps, under a lock."""
        self.report(Rule.BLOCKING, f"{what} under {lock.name}", lock)


def _this_call() -> str:
    return THREADS.me.call.api or "a call"


def _first_site(cycle: list[Edge]) -> Site | None:
    return cycle[0].stack[0] if cycle[0].stack else None


def _breach(held: CheckedLock, wanted: CheckedLock) -> Rule | None:
    if wanted.level > held.level:
        return None
    if held.level is Level.OBJECT:
        special = {Level.OBJECT: Rule.TWO_OBJECTS, Level.DRIVER: Rule.DRIVER_UNDER_OBJECT}
        return special.get(wanted.level, Rule.LEVEL)
    return Rule.LEVEL


def _inversion(held: CheckedLock, wanted: CheckedLock, cycle: list[Edge]) -> str:
    seen = ", ".join(
        f"{edge.taken.name} was taken under {edge.held.name} at {edge.stack[0] if edge.stack else 'an unknown place'}"
        for edge in cycle
    )
    return f"{wanted.lock_class.name} is taken under {held.lock_class.name}, but elsewhere {seen}"
