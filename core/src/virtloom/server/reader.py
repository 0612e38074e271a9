"""The one thread that waits for every socket of a server.

Guarantees: handlers, tasks and timers run on this thread alone, one after the other, so what only they touch needs no
lock. `watch`, `rearm` and `soon` may be called from any thread, `soon` even after the end, when it does nothing. A
handler never blocks; one that raises is logged and harms no other.
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
from itertools import count

from virtloom.locks import Level, LockManager

log = logging.getLogger(__name__)

READ = select.EPOLLIN | select.EPOLLRDHUP
WRITE = select.EPOLLOUT

Handler = Callable[[int], None]
Task = Callable[[], None]


class Reader:
    """An epoll loop with timers.

    :param name: the thread's name.
    """

    def __init__(self, name: str, locks: LockManager) -> None:
        self._epoll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._handlers: dict[int, Handler] = {}
        self._tasks: deque[Task] = deque()
        self._timers: list[tuple[float, int, Task]] = []
        self._order = count()
        self._woken = False
        self._stopping = False
        self._ended = False
        self._lock = locks.lock("reader", Level.LEAF)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._epoll.register(self._wake, select.EPOLLIN)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def flush(self, timeout: float) -> bool:
        """Wait until what was asked for with `soon` is done; whether it was within `timeout` seconds."""
        if self._thread.ident is None:
            self._run_tasks()
            return True
        done = threading.Event()
        self.soon(done.set)
        return self._ended or done.wait(timeout)

    def stop(self, timeout: float) -> bool:
        """Finish what was asked for with `soon`, then end; whether it did within `timeout` seconds."""
        self.soon(self._stop)
        if self._thread.ident is None:
            self._run()
        else:
            self._thread.join(timeout)
        return not self._thread.is_alive()

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
        """Forget a descriptor. To be called on this thread, before the descriptor is closed."""
        if self._handlers.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def soon(self, task: Task) -> None:
        """Run a task on this thread, after those asked for earlier."""
        self._tasks.append(task)
        if not self._woken:
            self._woken = True
            # Under a lock, lest it is closed meanwhile and its number is somebody else's.
            with self._lock:
                if not self._ended:
                    os.eventfd_write(self._wake, 1)

    def at(self, when: float, task: Task) -> None:
        """Run a task at a time of `time.monotonic()`. To be called on this thread."""
        heapq.heappush(self._timers, (when, next(self._order), task))

    def _run(self) -> None:
        while not self._stopping or self._tasks:
            for fd, events in self._epoll.poll(self._patience()):
                if fd == self._wake:
                    os.eventfd_read(self._wake)
                elif (handler := self._handlers.get(fd)) is not None:
                    self._guarded(handler, events)
            # Cleared before the tasks are taken: who adds one from now on wakes us again.
            self._woken = False
            self._run_tasks()
            if self._timers:
                self._run_timers()
        self._epoll.close()
        with self._lock:
            os.close(self._wake)
            self._ended = True

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

    def _guarded(self, function: Callable[..., None], *args: int) -> None:
        try:
            function(*args)
        except Exception:
            log.exception("%s: a handler failed", self._thread.name)
