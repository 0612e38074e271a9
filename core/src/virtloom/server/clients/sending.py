"""What waits to be written to one client: whole frames, in order, with the descriptors that follow them.

Guarantees: a frame is never mixed with another; a descriptor is sent after its frame, on a zero byte of its own, and
closed. Assumes: every method is called under the client's lock.
"""

from __future__ import annotations

import array
import os
import socket
from collections import deque
from collections.abc import Iterable, Sequence
from queue import SimpleQueue

_FLAGS = socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT

Credit = SimpleQueue[bool]


class _Item:
    __slots__ = ("credit", "event", "fds", "rest")

    def __init__(self, rest: memoryview, fds: Sequence[int], credit: Credit | None, event: bool) -> None:
        self.rest = rest
        self.fds = deque(fds)
        self.credit = credit
        self.event = event


class SendQueue:
    """One client's outgoing frames.

    :ivar size: bytes that wait.
    :ivar events: events among them.
    """

    __slots__ = ("_items", "_sock", "events", "size")

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._items: list[_Item] = []  # bounded, and an empty deque takes 600 bytes
        self.size = 0
        self.events = 0

    def __bool__(self) -> bool:
        return bool(self._items)

    def put(self, frame: bytes, fds: Sequence[int] = (), credit: Credit | None = None, event: bool = False) -> bool:
        """Write a frame, or as much of it as goes out now, and keep the rest.

        :param fds: descriptors to send after it; they are ours from now on.
        :param credit: given True when the frame was written.
        :returns: whether nothing waits.
        :raises OSError: if the connection is broken.
        """
        sent = 0
        if not self._items:
            try:
                sent = self._sock.send(frame, _FLAGS)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                close_all(fds)
                raise
            if sent == len(frame) and not fds:
                if credit is not None:
                    credit.put(True)
                return True
        self._items.append(_Item(memoryview(frame)[sent:], fds, credit, event))
        self.size += len(frame) - sent
        self.events += event
        # With something before it there is nothing to try: whoever left it there has asked to be woken.
        return len(self._items) == 1 and self.flush()

    def flush(self) -> bool:
        """Write what goes out now; whether nothing waits.

        :raises OSError: if the connection is broken.
        """
        while self._items:
            item = self._items[0]
            if item.rest:
                sent = self._send(item.rest)
                item.rest = item.rest[sent:]
                self.size -= sent
                if item.rest:
                    return False
            if not self._send_descriptors(item.fds):
                return False
            self._items.pop(0)
            self.events -= item.event
            if item.credit is not None:
                item.credit.put(True)
        return True

    def _send(self, data: bytes | memoryview) -> int:
        try:
            return self._sock.send(data, _FLAGS)
        except (BlockingIOError, InterruptedError):
            return 0

    def _send_descriptors(self, fds: deque[int]) -> bool:
        while fds:
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fds[0]]))
            try:
                self._sock.sendmsg([b"\0"], [rights], _FLAGS)
            except (BlockingIOError, InterruptedError):
                return False
            os.close(fds.popleft())
        return True

    def clear(self) -> None:
        """Forget everything; credits are given, so that nobody waits for them."""
        for item in self._items:
            close_all(item.fds)
            if item.credit is not None:
                item.credit.put(True)
        self._items.clear()
        self.size = self.events = 0


def close_all(fds: Iterable[int]) -> None:
    """Close descriptors that nobody took."""
    for fd in fds:
        os.close(fd)
