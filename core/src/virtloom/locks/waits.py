"""Waiting, as locks and jobs have it in common: who waits, for whom, since when, and how the wait can be ended.

Guarantees: while somebody waits, each of the checker's looks happens once, after its time, on the waiting thread,
so that watching for deadlocks needs no thread of its own and costs nothing until a wait has become long.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from virtloom.locks.context import ThreadRecord
from virtloom.locks.errors import LockError

if TYPE_CHECKING:
    from virtloom.locks.lock import Lock


class Wait(Protocol):
    """A thread that waits for a lock or a job.

    :ivar owner: the thread.
    :ivar since: when it began, in seconds of `time.monotonic`.
    """

    owner: ThreadRecord
    since: float

    @property
    def lock(self) -> Lock | None:
        """The lock, if it waits for one."""
        ...

    @property
    def wanted(self) -> str:
        """What it waits for, in words."""
        ...

    @property
    def whose(self) -> str:
        """Which lock manager's that is, such as a driver's name; "" if the words say so themselves."""
        ...

    def blockers(self) -> tuple[ThreadRecord, ...]:
        """The threads that all have to release something before it can go on; none if it is about to go on."""
        ...

    def fail(self, error: LockError) -> bool:
        """End the wait with an error that its thread raises; False if it was over already."""
        ...


Look = tuple[float, Callable[[Wait], None]]  # after how many seconds of waiting, and what is looked at then


def await_gate(gate: threading.Lock, timeout: float | None, wait: Wait, looks: Sequence[Look]) -> bool:
    """Wait until a gate is opened.

    :param timeout: seconds at most; None waits for ever.
    :param looks: what is done meanwhile, in the order of their times.
    :return: whether it was opened in time.
    """
    waited = 0.0
    for after, look in looks:
        if timeout is not None and timeout <= after:
            break
        if gate.acquire(timeout=after - waited):
            return True
        waited = after
        look(wait)
    return gate.acquire(timeout=-1 if timeout is None else timeout - waited)
