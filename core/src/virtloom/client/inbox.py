"""Where what the daemon sends waits for whoever wants it: a call's frames, a subscriber's events.

Guarantees: items come out in the order in which they went in; every wait ends by its deadline or with the connection;
what arrived before the connection ended can still be taken.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Generic, TypeVar

from virtloom.client.errors import ConnectionLost, DeadlineMissed

T = TypeVar("T")


class Inbox(Generic[T]):
    """A queue that one thread fills and any thread empties.

    :param what: what is waited for, for messages.
    :param room: how many items are kept; further ones are counted in `lost`. None keeps all.
    :ivar lost: items for which there was no room.
    """

    def __init__(self, what: str, room: int | None = None) -> None:
        self._what = what
        self._room = room
        self._items: queue.SimpleQueue[T | ConnectionLost] = queue.SimpleQueue()
        self.lost = 0

    def put(self, item: T) -> None:
        """Add an item; never blocks."""
        if self._room is not None and self._items.qsize() >= self._room:
            self.lost += 1
        else:
            self._items.put(item)

    def end(self, reason: str) -> None:
        """Nothing comes any more."""
        self._items.put(ConnectionLost(reason))

    def next(self, deadline: float | None) -> T:
        """The next item.

        :param deadline: seconds to wait for it; None waits for as long as there is a connection.
        :raises DeadlineMissed: if none came.
        :raises ConnectionLost: if none can come any more.
        """
        try:
            item = self._items.get(timeout=deadline)
        except queue.Empty:
            raise DeadlineMissed(f"no {self._what} from the daemon within {deadline:g} s") from None
        if isinstance(item, ConnectionLost):
            self._items.put(item)
            raise ConnectionLost(str(item))
        return item

    def rest(self) -> Iterator[T]:
        """What is there now, without waiting."""
        while True:
            try:
                yield self.next(0)
            except (DeadlineMissed, ConnectionLost):
                return
