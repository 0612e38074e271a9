"""The blocks in which an object is locked: what `Guarded.locked` and `Guarded.changing` give to `with`.

Guarantees: the usual block holds nothing of its own, so that an object needs one of them, however many threads use it
and wait in it.
"""

from __future__ import annotations

import sys
from types import FrameType, TracebackType
from typing import Generic, TypeVar, cast

from virtloom.locks.borrowed import Loan, lend
from virtloom.locks.checking.sites import site_from
from virtloom.locks.errors import ObjectGone
from virtloom.locks.job import Job
from virtloom.locks.jobs import Jobs
from virtloom.locks.lock import CheckedLock, Lock

S = TypeVar("S")


class Block(Generic[S]):
    """What `with` is given; it gives the state."""

    __slots__ = ()

    def __enter__(self) -> S:
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError


class UsualBlock(Block[S]):
    """The block that waits for as long as it takes, and gives the state itself.

    :ivar removed: the error for those who come after the object was removed.
    """

    __slots__ = ("_free", "_state", "_take", "removed")

    def __init__(self, lock: Lock, state: S) -> None:
        self.removed: ObjectGone | None = None
        self._state = state
        self._take, self._free = lock.__enter__, lock.__exit__

    def __enter__(self) -> S:
        self._take()
        return self._state if self.removed is None else self.look()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._free(kind, error, trace)

    def look(self) -> S:
        """The state, while the lock is held.

        :raises ObjectGone: if the object was removed; then the lock is held no more.
        """
        if self.removed is not None:
            self.__exit__(None, None, None)
            raise ObjectGone(self.removed.type_name, self.removed.key)
        return self._state


class LockedBlock(Block[S]):
    """A block with a deadline, beside another object's, or whose state is revoked after it; for one use.

    :param usual: the object's usual block.
    :param lent: whether the state is revoked.
    """

    __slots__ = ("_beside", "_lent", "_loan", "_lock", "_timeout", "_usual")

    def __init__(
        self, lock: Lock, usual: UsualBlock[S], lent: bool, timeout: float | None, beside: Lock | None
    ) -> None:
        self._lock = lock
        self._usual = usual
        self._lent = lent
        self._timeout = timeout
        self._beside = beside
        self._loan: Loan | None = None

    def __enter__(self) -> S:
        self._lock.enter(self._timeout, self._beside)
        state = self._usual.look()
        if not self._lent:
            return state
        self._loan = Loan(cast(CheckedLock, self._lock))
        return lend(state, self._loan)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loan is not None:
            self._loan.end()
        self._lock.__exit__(kind, error, trace)


class ChangingBlock(Block[S]):
    """A job and the lock.

    The lock is taken first, and the job begins under it if nothing stands in its way, which is nearly always so. Only
    otherwise is the lock released again to wait for the job.
    """

    __slots__ = ("_job", "_jobs", "_lock", "_locked")

    def __init__(self, jobs: Jobs, job: Job, lock: Lock, locked: Block[S]) -> None:
        self._jobs = jobs
        self._job = job
        self._lock = lock
        self._locked = locked

    def __enter__(self) -> S:
        jobs, job = self._jobs, self._job
        jobs.check_lockless(job)
        state = self._locked.__enter__()
        try:
            if jobs.begin_nowait(job):
                self._note(sys._getframe(1))
                return state
        except BaseException:
            self._locked.__exit__(None, None, None)
            raise
        self._locked.__exit__(None, None, None)
        job.__enter__()
        try:
            state = self._locked.__enter__()
        except BaseException:
            job.__exit__(None, None, None)
            raise
        self._note(sys._getframe(1))
        return state

    def _note(self, frame: FrameType) -> None:
        """Both were taken by that frame's line, not by one of this file."""
        if self._jobs.checking:
            self._job.raw_site = cast(CheckedLock, self._lock).raw_site = site_from(frame)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The job first: who waits for the lock in order to change something then finds no job in its way.
        try:
            self._job.__exit__(kind, error, trace)
        finally:
            self._locked.__exit__(kind, error, trace)
