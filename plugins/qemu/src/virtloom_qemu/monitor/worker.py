"""A guest's events, handled one after the other on a thread that is there while there is something to do.

Guarantees: items are handled in the order in which they were put, one at a time; `put` never blocks; whatever a mad
guest sends, no more than `BACKLOG` are kept; nothing is handled before `start`.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from virtloom.locks import Level, LockManager

log = logging.getLogger(__name__)
T = TypeVar("T")
BACKLOG = 10_000


class EventWorker(Generic[T]):
    """A queue with a thread while it is not empty.

    :param handle: what is done with each item; it may take locks and jobs, and what it raises is logged.
    """

    def __init__(self, name: str, locks: LockManager, handle: Callable[[T], None]) -> None:
        self._name = name
        self._handle = handle
        self._lock = locks.lock("monitor events", Level.LEAF)
        self._items: deque[T | threading.Event] = deque()
        self._started = False
        self._running = False
        self._dropped = 0
        self._thread: threading.Thread | None = None  # that handles, or handled last

    def start(self) -> None:
        """Begin with what was put so far."""
        with self._lock:
            self._started = True
            spawn = self._claim()
        if spawn:
            self._spawn()

    def put(self, item: T, *, always: bool = False) -> None:
        """Have an item handled, unless too many are waiting.

        :param always: whether it is one that must not be dropped.
        """
        with self._lock:
            if len(self._items) >= BACKLOG and not always:
                self._dropped += 1
                return
            self._items.append(item)
            spawn = self._claim()
        if spawn:
            self._spawn()

    def flush(self, timeout: float) -> bool:
        """Wait until everything put so far was handled; on its own thread there is nothing to wait for.

        :param timeout: seconds.
        :return: whether it was.
        """
        if threading.current_thread() is self._thread:
            return True
        done = threading.Event()
        with self._lock:
            self._items.append(done)
            spawn = self._claim()
        if spawn:
            self._spawn()
        return done.wait(timeout)

    def _claim(self) -> bool:
        """Whether the caller is to start the thread."""
        if not self._started or self._running or not self._items:
            return False
        self._running = True
        return True

    def _spawn(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"events-{self._name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (item := self._next()) is not None:
            if isinstance(item, threading.Event):
                item.set()
                continue
            try:
                self._handle(item)
            except Exception:
                log.exception("an event of %s could not be dealt with: %s", self._name, item)

    def _next(self) -> T | threading.Event | None:
        with self._lock:
            dropped, self._dropped = self._dropped, 0
            item = self._items.popleft() if self._items else None
            if item is None:
                self._running = False
        if dropped:
            log.warning("%s sent events faster than they can be dealt with; %d were dropped", self._name, dropped)
        return item
