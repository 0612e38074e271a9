"""The reader: whoever waits for every socket of a server. One thread has the role at a time.

Guarantees: handlers, tasks and timers run on the thread that has the role, one after the other, so what only they touch
needs no lock. `watch`, `rearm` and `soon` may be called from any thread, `soon` even after the end, when it does
nothing. A handler never blocks, save while it serves a call; one that raises is logged and harms no other.

A call is served where it was read, if its kind has been quick (`routes.Route`): handing it to a worker and coming back
would cost more than the call. Meanwhile the role is on loan: a thread whose call says that it waits gives the role
away at once, and from one whose call takes long the understudy takes it (`PATIENCE`). Either way reading goes on,
and the thread that lost the role ends its call and nothing else.

How the role is never held twice: `Term.serving` holds the call while it is on loan. Whoever takes the call out of the
list has the role; `list.pop` gives it to one of them alone.
"""

from __future__ import annotations

import heapq
import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any

from virtloom.locks import Level, LockManager
from virtloom.server.attention import Attention
from virtloom.server.workers import Crew, Waits, waits_through

log = logging.getLogger(__name__)

READ = select.EPOLLIN | select.EPOLLRDHUP
WRITE = select.EPOLLOUT
PATIENCE = 0.002  # seconds after which a call that the understudy has seen no longer holds the role
# Seconds between two looks. Each takes the interpreter from the thread that serves: looking every 2 ms cost a client
# that calls without pause more than half of its calls.
LOOK_EVERY = 0.02
DOZE_AFTER = 3  # looks without a call until the understudy sleeps until one comes
AWAY_MAX = 64  # threads that lost the role and have not ended their call; beyond them no call is served by the reader
SPARE = 2

Handler = Callable[[int], None]
Task = Callable[[], None]
Late = Callable[[Any], None]


class Term:
    """One thread's time in the role. It tells the workers when the thread's call waits (`workers.Waits`).

    :ivar serving: the call that the thread serves, if any; see above.
    :ivar lost: whether another thread has the role; known to this one once its call has ended.
    """

    __slots__ = ("_reader", "_waits", "lost", "serving")

    def __init__(self, reader: Reader, waits: Waits) -> None:
        self._reader = reader
        self._waits = waits
        self.serving: list[Any] = []
        self.lost = False

    def end_call(self) -> None:
        """The call has ended: take the role back, if nobody else has taken it."""
        try:
            self.serving.pop()
        except IndexError:
            self.lost = True

    def take(self) -> bool:
        """Take the role that is on loan; False if somebody else did."""
        try:
            self.serving.pop()
        except IndexError:
            return False
        return True

    def begin_wait(self, must: bool = False) -> None:
        """See `Waits.begin_wait`; the role goes to another thread."""
        if self.take():  # first: to begin the wait may take as long as to start a thread
            self._reader.hand_over()
        self._waits.begin_wait(must)

    def end_wait(self) -> None:
        """See `Waits.end_wait`."""
        self._waits.end_wait()


class Reader:
    """An epoll loop with timers.

    :param name: the threads' name, with a number added.
    :param waits: the workers, who are told when a call that is served here waits.
    :param on_late: told each call from whose thread the role was taken.
    :ivar lends: whether calls may be served on the reader's thread.
    """

    def __init__(self, name: str, locks: LockManager, waits: Waits, on_late: Late = lambda call: None) -> None:
        self._epoll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._handlers: dict[int, Handler] = {}
        self._tasks: deque[Task] = deque()
        self._timers: list[tuple[float, int, Task]] = []
        self._order = count()
        self._woken = False
        self._stopping = False
        self._ended = threading.Event()
        self._lock = locks.lock("reader", Level.LEAF)
        self._crew = Crew(name, locks, 2, AWAY_MAX + 3, 0, spare=SPARE)
        self._started = False
        self._waits = waits
        self._on_late = on_late
        self._term = Term(self, waits)
        self._alarm: SimpleQueue[None] = SimpleQueue()
        self._dozing: list[None] = []  # of one element while the understudy sleeps; who takes it wakes it
        self._away = 0
        self.lends = True
        self._epoll.register(self._wake, select.EPOLLIN)

    def start(self) -> None:
        """Begin."""
        self._started = True
        self._crew.start()
        self._crew.submit(self._lead)
        self._crew.submit(self._watch)

    def flush(self, timeout: float) -> bool:
        """Wait until what was asked for with `soon` is done; whether it was within `timeout` seconds."""
        if not self._started:
            self._run_tasks()
            return True
        done = threading.Event()
        self.soon(done.set)
        return self._ended.is_set() or done.wait(timeout)

    def stop(self, timeout: float) -> bool:
        """Finish what was asked for with `soon`, then end; whether it did within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        self.soon(self._stop)
        if not self._started:
            self._lead()
        self._crew.end()
        return self._ended.wait(timeout) and not self._crew.join(deadline)

    def _stop(self) -> None:
        self._stopping = True

    def watch(self, fd: int, handler: Handler, events: int = READ) -> None:
        """Call the handler with epoll's event mask whenever one of the events is there (epoll(7), level-triggered)."""
        self._handlers[fd] = handler
        self._epoll.register(fd, events)

    def rearm(self, fd: int, events: int) -> None:
        """Change which events a watched descriptor is asked for; 0 leaves only its hang-up."""
        self._epoll.modify(fd, events)

    def unwatch(self, fd: int) -> None:
        """Forget a descriptor. To be called by the reader, before the descriptor is closed."""
        if self._handlers.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def soon(self, task: Task) -> None:
        """Have the reader run a task, after those asked for earlier."""
        self._tasks.append(task)
        if not self._woken:
            self._woken = True
            # Under a lock, lest it is closed meanwhile and its number is somebody else's.
            with self._lock:
                if not self._ended.is_set():
                    os.eventfd_write(self._wake, 1)

    def at(self, when: float, task: Task) -> None:
        """Run a task at a time of `time.monotonic()`. To be called by the reader."""
        heapq.heappush(self._timers, (when, next(self._order), task))

    # The role.

    def begin_call(self, call: Any) -> Term:
        """The reader's thread is about to serve a call: put the role on loan, until `Term.end_call`."""
        term = self._term
        term.serving.append(call)
        if self._dozing:
            self._wake_understudy()
        return term

    def _wake_understudy(self) -> None:
        with suppress(IndexError):
            self._dozing.pop()
            self._alarm.put(None)

    def hand_over(self) -> None:
        """Give the role, which this thread has just taken out of its own term, to another thread."""
        self._count_away(1)
        self._crew.submit(self._lead)

    def _lead(self) -> None:
        """Have the role, until another thread takes it or the end."""
        term = self._term = Term(self, self._waits)
        with waits_through(term):
            self._loop(term)
        if term.lost:
            self._count_away(-1)
        else:
            self._close()

    def _loop(self, term: Term) -> None:
        wait, handlers, wake = Attention(self._epoll.poll).wait, self._handlers, self._wake
        while not self._stopping or self._tasks:
            for fd, events in wait(self._patience()):
                if fd == wake:
                    os.eventfd_read(wake)
                    continue
                try:
                    handler = handlers[fd]
                except KeyError:  # forgotten since then
                    continue
                try:
                    handler(events)
                except Exception:
                    log.exception("%s: a handler failed", self._crew.name)
                if term.lost:
                    return
            if self._woken:
                # Cleared before the tasks are taken: who adds one from now on wakes us again.
                self._woken = False
                self._run_tasks()
            if self._timers:
                self._run_timers()

    def _watch(self) -> None:
        """Be the understudy: take the role from a thread whose call takes too long."""
        idle = 0
        while not self._ended.is_set():
            term = self._term
            seen = term.serving[:1]
            if seen:
                idle = 0
                self._nap(PATIENCE)
                # It may be the next call by now, which is then served off the role as well.
                if term.serving[:1] == seen and term.take():
                    self._count_away(1)
                    self._crew.submit(self._watch)
                    self._on_late(seen[0])
                    return self._lead()
            idle += 1
            if idle < DOZE_AFTER:
                self._nap(LOOK_EVERY)
            else:
                self._doze()
                idle = 0
        return None

    def _nap(self, seconds: float | None) -> None:
        with suppress(Empty):
            self._alarm.get(timeout=seconds)

    def _doze(self) -> None:
        self._dozing.append(None)
        if self._term.serving or self._ended.is_set():  # looked at again: who came before has not seen us doze
            # Who has seen it has set off the alarm, which is not to shorten the next nap.
            self._wake_understudy()
        self._nap(None)

    def _count_away(self, change: int) -> None:
        with self._lock:
            self._away += change
            self.lends = self._away < AWAY_MAX

    def _close(self) -> None:
        self._epoll.close()
        with self._lock:
            os.close(self._wake)
            self._ended.set()
        self._alarm.put(None)

    # What is due.

    def _patience(self) -> float | None:
        if self._stopping or self._tasks:
            return 0
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _run_tasks(self) -> None:
        for _ in range(len(self._tasks)):
            self._guarded(self._tasks.popleft())

    def _run_timers(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            self._guarded(heapq.heappop(self._timers)[2])

    def _guarded(self, function: Callable[[], None]) -> None:
        try:
            function()
        except Exception:
            log.exception("%s: a task failed", self._crew.name)
