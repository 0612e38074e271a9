"""A subscriber's events: taken one by one with a deadline, or handed to a function on a thread of their own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NamedTuple, Self

from virtloom.client.errors import ConnectionLost
from virtloom.client.inbox import Inbox

log = logging.getLogger(__name__)

ROOM = 10_000  # events that a subscriber has not taken; it costs itself the later ones

EventListener = Callable[[str, Any], None]


class Event(NamedTuple):
    """One event.

    :ivar name: its procedure, such as "domain_event_callback_lifecycle".
    :ivar message: the procedure's struct.
    """

    name: str
    message: Any


class EventQueue(Inbox[Event]):
    """The events from its making on. `next` waits for one; iterating ends with the connection.

    :param unsubscribe: called when it is closed.
    """

    def __init__(self, unsubscribe: Callable[[EventQueue], None]) -> None:
        super().__init__("event", ROOM)
        self._unsubscribe = unsubscribe

    def __iter__(self) -> Iterator[Event]:
        while True:
            try:
                yield self.next(None)
            except ConnectionLost:
                return

    def close(self) -> None:
        """Take no more events; whoever waits for one learns of it."""
        self._unsubscribe(self)
        self.end("the subscription was closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def hand_over(events: EventQueue, listener: EventListener) -> None:
    """Call a function with each event; one that it fails on is logged, and the next one comes."""
    for event in events:
        try:
            listener(event.name, event.message)
        except Exception:
            log.exception("a listener failed on %s", event.name)
