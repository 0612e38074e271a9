"""Events: queued where something changed, delivered by one thread that holds no lock.

Guarantees: events of one source are delivered in the order in which they were emitted, and every event of a run has a
sequence number one higher than that of the event emitted before it. `emit` never blocks and may be called with any lock
held: it takes a leaf lock for as long as it takes to append to a queue.
Assumes: a listener is quick and takes no lock below LEAF for long; what a slow client costs is the listener's to bound.
Remaining race: a listener that was just removed may still receive the events that were being delivered.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, NamedTuple

from virtloom.driver.interception import EventInterceptor
from virtloom.locks import Level, LockManager

log = logging.getLogger(__name__)

# Seconds that the event thread sleeps once it has delivered all: a stream of events would else wake it for each, and
# each time it would take the interpreter from the thread that emits them.
LINGER = 0.001


class EventFamily(Enum):
    """Which kind of object an event speaks of; each family numbers its events for itself."""

    DOMAIN = "domain"
    NETWORK = "network"
    STORAGE_POOL = "storage_pool"
    NODE_DEVICE = "node_device"
    SECRET = "secret"
    QEMU_MONITOR = "qemu_monitor"


class Event(NamedTuple):
    """Something that happened to one object.

    :ivar sequence: its number in this run of the daemon, from 1.
    :ivar family: with `number`, what happened (`virDomainEventID` and its like).
    :ivar handle: the object, as its handle was then.
    :ivar payload: the fields of the wire's message after the handle, in order.
    """

    sequence: int
    family: EventFamily
    number: int
    handle: Any
    payload: tuple[Any, ...]


Listener = Callable[[Event], None]


class EventHub:
    """Numbers, keeps and delivers the events of all sources of a daemon.

    :param locks: the daemon's lock manager.
    :param history: how many of the last events are kept for clients that reconnect.
    """

    def __init__(self, locks: LockManager, history: int = 1024) -> None:
        self._lock = locks.lock("events", Level.LEAF)
        self._sequence = 0
        self._recent: deque[Event] = deque(maxlen=history)
        self._queue: queue.SimpleQueue[tuple[EventSource, Event] | threading.Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._deliver, name="events", daemon=True)

    def start(self) -> None:
        """Start delivering; what was emitted before is delivered first."""
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Deliver what was emitted, then stop.

        :param timeout: seconds to wait for that.
        """
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(timeout)

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until everything emitted so far was delivered; False if `timeout` seconds were not enough."""
        done = threading.Event()
        self._queue.put(done)
        return done.wait(timeout)

    @property
    def sequence(self) -> int:
        """The number of the last event."""
        return self._sequence

    def since(self, sequence: int) -> tuple[list[Event], bool]:
        """The events after a number, and whether none of them was lost from the history."""
        with self._lock:
            kept = [event for event in self._recent if event.sequence > sequence]
            return kept, len(kept) == self._sequence - sequence

    def emit(
        self, source: EventSource, family: EventFamily, number: int, handle: Any, payload: tuple[Any, ...]
    ) -> None:
        """Number an event and queue it; see `EventSource.emit`."""
        with self._lock:
            self._sequence += 1
            event = Event(self._sequence, family, number, handle, payload)
            self._recent.append(event)
            if source.listeners or source.interceptor is not None:
                self._queue.put((source, event))

    def _deliver(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
                continue
            source, event = item
            for passed in source.intercepted(event):
                source.deliver(passed)
            if self._queue.empty():
                time.sleep(LINGER)


class EventSource:
    """The events of one driver, or of one set of drivers that a connection sees together.

    :ivar interceptor: chooses what is delivered of each event; None for all, as they come.
    """

    def __init__(self, hub: EventHub, locks: LockManager) -> None:
        self._hub = hub
        self._lock = locks.lock("event listeners", Level.LEAF)
        self.listeners: tuple[Listener, ...] = ()  # replaced whole, so that delivery needs no lock
        self.interceptor: EventInterceptor | None = None

    def emit(self, family: EventFamily, number: int, handle: Any, payload: tuple[Any, ...] = ()) -> None:
        """Queue an event for everyone who listens to this source.

        :param family: with `number`, what happened.
        :param handle: the object's handle.
        :param payload: the fields of the wire's message after the handle, in order.
        """
        self._hub.emit(self, family, number, handle, payload)

    @property
    def sequence(self) -> int:
        """The number of the daemon's last event."""
        return self._hub.sequence

    def intercepted(self, event: Event) -> Iterable[Event]:
        """What is delivered of an event: itself, if nobody intercepts it or who does so fails."""
        if self.interceptor is None:
            return (event,)
        try:
            return tuple(self.interceptor(event))
        except Exception:
            log.exception("an event's interceptor failed on %s", event)
            return (event,)

    def deliver(self, event: Event) -> None:
        """Hand an event to everyone who listens, past the interceptor; with no lock held, from any thread."""
        for listener in self.listeners:
            try:
                listener(event)
            except Exception:
                log.exception("an event listener failed on %s", event)

    def add_listener(self, listener: Listener) -> None:
        """Deliver later events to the listener too; once each, however often it was added."""
        with self._lock:
            if listener not in self.listeners:
                self.listeners = (*self.listeners, listener)

    def remove_listener(self, listener: Listener) -> None:
        """Stop delivering to the listener; unknown ones are ignored."""
        with self._lock:
            self.listeners = tuple(other for other in self.listeners if other != listener)
