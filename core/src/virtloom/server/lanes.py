"""One client's calls, in the order in which they are answered.

A client has two lanes: the ordinary one, and one for the calls that watch or abort a running job, which overtake it.
Assumes: a lane is touched only under its client's lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from virtloom.wire.message import Header
from virtloom.wire.programs import Procedure, Program

# The calls that overtake: without them nobody could watch or end the job that the client's own call runs.
OVERTAKING = frozenset(
    {
        "domain_abort_job",
        "domain_abort_job_flags",
        "domain_get_job_info",
        "domain_get_job_stats",
        "domain_block_job_abort",
        "domain_get_block_job_info",
        "domain_block_job_set_speed",
        "domain_migrate_set_max_downtime",
        "domain_migrate_get_max_downtime",
        "domain_migrate_set_max_speed",
        "domain_migrate_get_max_speed",
        "domain_migrate_start_post_copy",
    }
)


class Call(NamedTuple):
    """A call that was read and not answered yet.

    :ivar program: procedure: None if there is no such one.
    :ivar fds: descriptors that came with it; whoever ends the call closes them.
    """

    header: Header
    payload: bytes
    program: Program | None
    procedure: Procedure | None
    fds: Sequence[int] = ()

    @property
    def overtakes(self) -> bool:
        """Whether it goes past the client's other calls."""
        return self.procedure is not None and self.procedure.snake in OVERTAKING

    @property
    def urgent(self) -> bool:
        """Whether it goes to the workers for what is urgent."""
        return self.procedure is not None and (self.procedure.priority or self.procedure.snake in OVERTAKING)


class Lane:
    """Calls of one client that are answered in order.

    :param limit: how many of them are worked on at once.
    :param work: what a worker does with the lane.
    :ivar running: workers that have a call of the lane, or are about to take one.
    """

    __slots__ = ("limit", "queue", "running", "work")

    def __init__(self, limit: int, work: Callable[[Lane], None]) -> None:
        self.queue: deque[Call] = deque()
        self.running = 0
        self.limit = limit
        self.work = lambda: work(self)

    @property
    def wants_worker(self) -> bool:
        """Whether there is a call that another worker could begin."""
        return bool(self.queue) and self.running < self.limit

    @property
    def urgent(self) -> bool:
        """Whether the next call is urgent."""
        return bool(self.queue) and self.queue[0].urgent
