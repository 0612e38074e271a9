"""The lock: held by `with` alone, first come first served, and able to say who holds it.

Guarantees, of a lock whose checker checks: one owner at a time; waiters are served in the order of their
coming, since a release hands the lock over to the first of them instead of setting it free; owner, since when
and waiters can be read by any thread at any moment; the rules are judged before the lock is taken.
Of one whose checker is off: exclusion, and whether it is locked. It costs little more than a bare `threading.Lock`.

Assumes: `threading.Lock` may be released by a thread other than the one that took it; appending to a list,
popping from it and asking for its length are atomic; no exception is injected into a thread from outside
(KeyboardInterrupt reaches only the main thread, which serves no calls).

How a waiter is not forgotten: it first joins the queue, then tries the lock again; a release first frees the
lock, then looks at the queue again. Whichever comes second sees the other.

Remaining race: in the moment between those two steps of a release, a newcomer may take the lock before the
waiter that has just joined. That waiter keeps its place and is served at the next release, so nobody starves.
"""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import NamedTuple, Protocol

from virtloom.locks.checking.checker import Checker
from virtloom.locks.checking.order import LockClass
from virtloom.locks.checking.rules import Rule
from virtloom.locks.checking.sites import RawSite, Site, raw_site, site_of
from virtloom.locks.context import THREADS, ThreadRecord
from virtloom.locks.errors import LockError, LockTimeout
from virtloom.locks.levels import Level
from virtloom.locks.waits import await_gate
from virtloom.locks.watching.stacks import here

_clock = time.monotonic


class LockStatistics(NamedTuple):
    """What a lock has counted; times are in seconds.

    :ivar acquired: how often it was taken and released.
    :ivar contended: how often somebody had to wait for it.
    :ivar waited_total: all waiting for it, added up.
    :ivar waited_longest: the longest of these waits.
    :ivar held_total: all holding, added up.
    :ivar held_longest: the longest time for which it was held.
    """

    acquired: int = 0
    contended: int = 0
    waited_total: float = 0.0
    waited_longest: float = 0.0
    held_total: float = 0.0
    held_longest: float = 0.0


class Waiter:
    """A thread in the queue of a lock; `gate` is locked until the lock is handed over to it, or its wait is failed."""

    __slots__ = ("gate", "lock", "owner", "refusal", "since")

    def __init__(self, lock: CheckedLock, owner: ThreadRecord) -> None:
        self.lock = lock
        self.owner = owner
        self.since = _clock()
        self.refusal: LockError | None = None
        self.gate = threading.Lock()
        self.gate.acquire()

    @property
    def wanted(self) -> str:
        """See `Wait`."""
        return self.lock.name

    @property
    def whose(self) -> str:
        """See `Wait`: an object's lock is called as its object, which says nothing of its driver."""
        class_name = self.lock.lock_class.name
        return "" if self.lock.name.startswith(class_name) else class_name.rpartition(" ")[0]

    def blockers(self) -> tuple[ThreadRecord, ...]:
        """See `Wait`: the lock's owner, unless it was handed over to this thread already."""
        owner = self.lock.owner
        return () if owner is None or owner is self.owner else (owner,)

    def fail(self, error: LockError) -> bool:
        """See `Wait`."""
        return self.lock.refuse(self, error)


class Named(Protocol):
    """What says what it is called when that is asked."""

    @property
    def name(self) -> str:
        """What it is called."""


class Lock:
    """A lock with a level and a name. `with lock:` is the only way to hold it.

    Making one gives a `CheckedLock`, or an `UncheckedLock` if the checker is off.

    :param level: its level.
    :param name: what it is called in findings and reports, or what it is the lock of.
    :param checker: who judges its acquisitions.
    :param class_name: the name of its class in the order graph; its own name unless given.
    :param inside: how many methods of this package lie between the line that takes it and its `__enter__`; None if that
        line is only noted by a checker that enforces, for a lock that is taken so often that noting is what it costs.
    """

    __slots__ = ("__weakref__", "_named", "checker", "level")

    def __new__(
        cls, level: Level, name: str | Named, checker: Checker, class_name: str | None = None, inside: int | None = 0
    ) -> Lock:
        if cls is not Lock:
            return object.__new__(cls)
        return object.__new__(CheckedLock if checker.checking else UncheckedLock)

    def __init__(
        self, level: Level, name: str | Named, checker: Checker, class_name: str | None = None, inside: int | None = 0
    ) -> None:
        self.level = level
        self._named = name
        self.checker = checker

    @property
    def name(self) -> str:
        """What it is called in findings and reports."""
        named = self._named
        return named if isinstance(named, str) else named.name

    def __enter__(self) -> object:
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    def enter(self, timeout: float | None = None, beside: Lock | None = None) -> None:
        """For this package: take the lock, to be released by `__exit__`.

        :param timeout: seconds to wait at most; None waits for ever.
        :param beside: an object's lock that may be held already, for `locked_pair`.
        :raises LockTimeout: if it was not obtained in time.
        """
        raise NotImplementedError

    @property
    def locked(self) -> bool:
        """Whether somebody holds it."""
        raise NotImplementedError

    @property
    def mine(self) -> bool:
        """Whether this thread holds it; if the checker is off, whether anybody does."""
        raise NotImplementedError

    @property
    def owner(self) -> ThreadRecord | None:
        """Who holds it; None if nobody does, or if the checker is off."""
        return None

    @property
    def since(self) -> float | None:
        """Since when it is held, in seconds of `time.monotonic`."""
        return None

    @property
    def taken_at(self) -> Site | None:
        """The line that took it; None if nobody holds it, or if the checker is off."""
        return None

    @property
    def waiters(self) -> tuple[Waiter, ...]:
        """Who waits for it, in the order in which they will be served."""
        return ()

    def statistics(self) -> LockStatistics:
        """What it has counted; nothing if the checker is off."""
        return LockStatistics()

    def __repr__(self) -> str:
        state = "locked" if self.locked else "unlocked"
        owner = self.owner
        holder = "" if owner is None else f" by {owner}"
        waiters = len(self.waiters)
        return f"<{type(self).__name__} {self.name!r} {self.level.name} {state}{holder}, {waiters} waiting>"


class UncheckedLock(Lock):
    """A lock of a checker that is off."""

    __slots__ = ("_bare", "_free", "_take")

    def __init__(
        self, level: Level, name: str | Named, checker: Checker, class_name: str | None = None, inside: int | None = 0
    ) -> None:
        super().__init__(level, name, checker)
        self._bare = bare = threading.Lock()
        self._take, self._free = bare.acquire, bare.release

    def __enter__(self) -> object:
        self._take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._free()

    def enter(self, timeout: float | None = None, beside: Lock | None = None) -> None:
        if not self._bare.acquire(timeout=-1 if timeout is None else timeout):
            raise LockTimeout(self.name, timeout or 0.0, "an unknown thread, since checking is off")

    @property
    def locked(self) -> bool:
        return self._bare.locked()

    @property
    def mine(self) -> bool:
        return self._bare.locked()


class CheckedLock(Lock):
    """A lock of a checker that records or enforces.

    :ivar lock_class: its class in the order graph.
    :ivar raw_site: the line that took it last; None while it is handed over.
    """

    __slots__ = (
        "_acquired",
        "_contended",
        "_depth",
        "_free",
        "_held",
        "_held_longest",
        "_held_total",
        "_owner",
        "_queue",
        "_queue_mutex",
        "_since",
        "_try",
        "_waited_longest",
        "_waited_total",
        "_watch",
        "lock_class",
        "raw_site",
    )

    def __init__(
        self, level: Level, name: str | Named, checker: Checker, class_name: str | None = None, inside: int | None = 0
    ) -> None:
        super().__init__(level, name, checker)
        self.lock_class: LockClass = checker.graph.lock_class(class_name or self.name, level)
        self._depth = (1 if checker.enforcing else 0) if inside is None else 1 + inside
        bare = threading.Lock()
        self._try, self._free = bare.acquire, bare.release
        self._watch = checker.watch
        self._held = self.lock_class.held
        self._owner: ThreadRecord | None = None
        self.raw_site: RawSite | None = None
        self._since = 0.0
        self._queue: list[Waiter] = []  # a deque takes 600 bytes when it is empty
        self._queue_mutex = threading.Lock()
        self._acquired = self._contended = 0
        self._waited_total = self._waited_longest = self._held_total = self._held_longest = 0.0

    def __enter__(self) -> object:
        # The fast path, written out: it is walked at every acquisition of the daemon.
        me = THREADS.me
        held = me.held
        if held and self.lock_class not in held[-1].lock_class.followers:
            self.checker.acquiring(self, me)
        if not self._try(False):
            self._wait(me, None)
        if self._depth:
            frame = sys._getframe(self._depth)  # this and the next line are half of the cost of all
            self.raw_site = frame.f_code, frame.f_lasti
        self._owner = me
        held.append(self)
        self._since = _clock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        me = THREADS.me
        if self._owner is not me:
            raise self._not_mine(me)
        held = me.held
        if held[-1] is self:
            held.pop()
        else:
            held.remove(self)
        took = _clock() - self._since
        self._acquired += 1
        self._held_total += took
        if took > self._held_longest:
            self._held_longest = took
        figures = me.figures[self._held]
        figures.counts[int(took * 1e6).bit_length()] += 1
        figures.total += took
        if took >= self._watch.note_from:
            self._watch.held(self, me, self._since, took)
        self._owner = None
        if not self._queue:
            self._free()
            if not self._queue or not self._try(False):
                return
        self._hand_over()

    def enter(self, timeout: float | None = None, beside: Lock | None = None) -> None:
        me = THREADS.me
        held = me.held
        if held and self.lock_class not in held[-1].lock_class.followers:
            if beside is None:
                self.checker.acquiring(self, me)
            else:
                self.checker.ordered(self, me)
        if not self._try(False):
            self._wait(me, timeout)
        self.raw_site = raw_site() if self._depth else None
        self._owner = me
        self._since = _clock()
        held.append(self)

    def _wait(self, me: ThreadRecord, timeout: float | None) -> None:
        """Join the queue until the lock is handed over to this thread."""
        self.checker.waiting(self, me)
        waiter = Waiter(self, me)
        with self._queue_mutex:
            self._queue.append(waiter)
            if self._try(False):  # released since the first look, by one who did not see this waiter
                self._pass_on()
        outer = me.waiting_for, me.stack  # of a wait for a job, if this lock is taken to say that one waits
        me.waiting_for, me.stack = waiter, here()
        try:
            served = await_gate(waiter.gate, timeout, waiter, self._watch.looks)
        except BaseException:
            if not self._withdraw(waiter) and waiter.refusal is None:
                self._hand_over()
            raise
        finally:
            me.waiting_for, me.stack = outer
        waited = _clock() - waiter.since
        me.figures[self.lock_class.waited].add(waited)
        self._watch.waited(waiter, waiter.since, waited)
        late = not served and self._withdraw(waiter)
        if waiter.refusal is not None:
            raise waiter.refusal
        if late:
            raise LockTimeout(self.name, timeout or 0.0, str(self._owner or "a thread that is just leaving"))
        self._count_wait(waited)

    def _withdraw(self, waiter: Waiter) -> bool:
        """Leave the queue; False if the lock was handed over already."""
        with self._queue_mutex:
            if waiter not in self._queue:
                return False
            self._queue.remove(waiter)
            return True

    def refuse(self, waiter: Waiter, error: LockError) -> bool:
        """For `Waiter.fail`: end a wait with an error; False if it was over already."""
        with self._queue_mutex:
            if waiter not in self._queue:
                return False
            self._queue.remove(waiter)
            waiter.refusal = error
        waiter.gate.release()
        return True

    def _hand_over(self) -> None:
        with self._queue_mutex:
            self._pass_on()

    def _pass_on(self) -> None:
        """Give the taken lock to the first waiter, or set it free; under the queue's mutex, so none joins meanwhile."""
        if self._queue:
            first = self._queue.pop(0)
            self._owner, self._since, self.raw_site = first.owner, _clock(), None
            first.gate.release()
        else:
            self._owner = None
            self._free()

    def _count_wait(self, waited: float) -> None:
        self._contended += 1
        self._waited_total += waited
        self._waited_longest = max(self._waited_longest, waited)

    def _not_mine(self, me: ThreadRecord) -> BaseException:
        holder = self._owner or "nobody"
        return self.checker.forbid(Rule.FOREIGN_RELEASE, f"{me} releases {self.name}, which is held by {holder}", self)

    @property
    def locked(self) -> bool:
        return self._owner is not None

    @property
    def mine(self) -> bool:
        return self._owner is THREADS.me

    @property
    def owner(self) -> ThreadRecord | None:
        return self._owner

    @property
    def since(self) -> float | None:
        return None if self._owner is None else self._since

    @property
    def taken_at(self) -> Site | None:
        return None if self._owner is None else site_of(self.raw_site)

    @property
    def waiters(self) -> tuple[Waiter, ...]:
        with self._queue_mutex:
            return tuple(self._queue)

    def statistics(self) -> LockStatistics:
        return LockStatistics(
            self._acquired,
            self._contended,
            self._waited_total,
            self._waited_longest,
            self._held_total,
            self._held_longest,
        )
