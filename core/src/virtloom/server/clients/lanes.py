"""One client's calls, in the order in which they are answered.

A client has two lanes: the ordinary one, and one for the calls that watch or abort a running job, which overtake it.
Assumes: all this is touched only under its client's lock, save for `begin_alone`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from virtloom.server.limits import ServerLimits
from virtloom.server.routes import Route
from virtloom.wire.message import Header


class Call(NamedTuple):
    """A call that was read and not answered yet.

    :ivar fds: descriptors that came with it; whoever ends the call closes them.
    """

    header: Header
    payload: bytes
    route: Route
    fds: Sequence[int] = ()


class Lane:
    """Calls that are answered in order.

    :param limit: how many of them are worked on at once.
    :param work: what a worker does with the lane.
    :ivar running: workers that have a call of the lane, or are about to take one.
    """

    __slots__ = ("_work", "limit", "queue", "running")

    def __init__(self, limit: int, work: Callable[[Lane], None]) -> None:
        self.queue: list[Call] = []  # short, and an empty deque takes 600 bytes
        self.running = 0
        self.limit = limit
        self._work = work

    def work(self) -> None:
        """What a worker does with it."""
        self._work(self)

    @property
    def urgent(self) -> bool:
        """Whether the next call is urgent."""
        return bool(self.queue) and self.queue[0].route.urgent

    def begin(self) -> bool:
        """Count one more worker, if there is a call for it and it may be begun."""
        if not self.queue or self.running >= self.limit:
            return False
        self.running += 1
        return True


class Calls:
    """All calls of one client that wait or are worked on.

    :param work: what a worker does with a lane.
    """

    __slots__ = ("_bytes", "_count", "_limits", "ordinary", "overtaking")

    def __init__(self, limits: ServerLimits, work: Callable[[Lane], None]) -> None:
        self.ordinary = Lane(limits.max_client_requests, work)
        self.overtaking = Lane(1, work)
        self._limits = limits
        self._count = 0
        self._bytes = 0

    @property
    def running(self) -> int:
        """Workers that have a call, or are about to take one."""
        return self.ordinary.running + self.overtaking.running

    def load(self) -> float:
        """How full the queues are: 1 is as full as may be."""
        return max(self._count / self._limits.client_backlog, self._bytes / self._limits.client_backlog_bytes)

    def add(self, call: Call) -> Lane:
        """Queue a call."""
        lane = self.overtaking if call.route.overtakes else self.ordinary
        lane.queue.append(call)
        self._count += 1
        self._bytes += len(call.payload)
        return lane

    def begin_alone(self, route: Route) -> Lane | None:
        """The lane of a call that is served at once without being queued; None if others are before it.

        For the reader, without the client's lock: nobody else changes a lane in which nothing waits or is worked on.
        """
        lane = self.overtaking if route.overtakes else self.ordinary
        if lane.queue or lane.running:
            return None
        lane.running = 1
        return lane

    def pop(self, lane: Lane) -> Call:
        """The lane's next call."""
        call = lane.queue.pop(0)
        self._count -= 1
        self._bytes -= len(call.payload)
        return call

    def begin(self) -> list[tuple[Lane, bool]]:
        """The lanes that another worker is to take, and whether that is urgent; it is counted as running already."""
        return [(lane, lane.urgent) for lane in (self.ordinary, self.overtaking) if lane.begin()]

    def clear(self) -> list[Call]:
        """Forget the calls that wait; whoever asks closes their descriptors."""
        calls = [*self.ordinary.queue, *self.overtaking.queue]
        self.ordinary.queue.clear()
        self.overtaking.queue.clear()
        self._count = self._bytes = 0
        return calls
