"""Guarded state: an object's state behind the object's lock, with the object's jobs.

Guarantees: `with obj.locked() as state:` is the only way to the state. While the checker enforces, what the
block was given is unusable after it. A removed object is never entered again: `locked`, `job` and `changing`
raise ObjectGone. In `record` and `off` mode the block is given the real state, for speed; its use after the
block goes unseen.

Assumes: `published` is immutable and replaced whole, so it is read without a lock: a query never waits for a
job.

Remaining race: `published` may be a moment old. Who must know what holds now takes the lock.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from virtloom.locks.blocks import Block, ChangingBlock, LockedBlock, UsualBlock
from virtloom.locks.checking.rules import Rule
from virtloom.locks.edition import Edition
from virtloom.locks.errors import LockError, ObjectGone, key_text
from virtloom.locks.job import Job
from virtloom.locks.jobs import JobPolicy, Jobs
from virtloom.locks.kinds import JobKind
from virtloom.locks.levels import ObjectType
from virtloom.locks.lock import Lock

if TYPE_CHECKING:
    from virtloom.locks.checking.checker import Checker

S = TypeVar("S")
NOBODYS = Edition()  # of objects whose snapshots nobody keeps anything of


class Guarded(Generic[S]):
    """An object: its key, which never changes, and its state, which its lock guards. Made by `LockManager.guard`.

    :param scope: the name of the lock manager.
    :param object_type: its type.
    :param key: its key.
    :param state: its state; from now on only used under the lock.
    :param policy: what its jobs have in common with those of others.
    :param edition: of the snapshots of all objects of its collection, if it has one.

    :ivar gone: whether it was removed.
    :ivar is_lent: whether blocks are given a state that is revoked after them, instead of the real one.
    :ivar published: the last snapshot that was published; None before the first. Read without a lock.
    :ivar lock: its lock, to be looked at; it is taken by `locked`.
    :ivar jobs: its jobs, to be looked at; they are begun by `job` and `changing`.
    """

    __slots__ = (
        "__weakref__",
        "_edition",
        "_label",
        "_policy",
        "_usual",
        "gone",
        "is_lent",
        "jobs",
        "key",
        "lock",
        "published",
        "scope",
        "type",
    )

    def __init__(
        self,
        scope: str,
        object_type: ObjectType,
        key: Hashable,
        state: S,
        policy: JobPolicy,
        edition: Edition | None = None,
    ) -> None:
        self.scope = scope
        self.type = object_type
        self.key = key
        self._label: str | None = None
        self.gone = False
        self.published: Any = None
        self.is_lent = policy.checker.enforcing
        self._policy = policy
        self._edition = edition or NOBODYS
        self.lock = Lock(object_type.level, self, policy.checker, f"{scope} {object_type.name}".lstrip(), inside=1)
        self.jobs = Jobs(self, policy)
        self._usual = UsualBlock(self.lock, state)

    @property
    def label(self) -> str | None:
        """What people call it, such as a domain's name; None unless it was given one. Read without a lock."""
        return self._label

    @label.setter
    def label(self, label: str) -> None:
        self._label = label

    @property
    def name(self) -> str:
        """What it is called in reports: its type, its label if it has one, and its key."""
        key, label = key_text(self.key), self._label
        return f"{self.type.name} {key}" if label is None or label == key else f"{self.type.name} {label} ({key})"

    @property
    def checker(self) -> Checker:
        """Who judges its lock's acquisitions."""
        return self._policy.checker

    def locked(self, timeout: float | None = None, *, beside: Guarded[Any] | None = None) -> Block[S]:
        """Lock the object for the length of a block, which is given the state.

        :param timeout: seconds to wait for the lock at most; None waits for as long as it takes.
        :param beside: for `locked_pair` only: the object that is locked already.
        :raises ObjectGone: on entering, if the object was removed.
        :raises LockTimeout: on entering, if the lock was not obtained in time.
        """
        if timeout is None and beside is None and not self.is_lent:
            return self._usual
        return LockedBlock(self.lock, self._usual, self.is_lent, timeout, None if beside is None else beside.lock)

    def job(
        self,
        kind: JobKind,
        api: str | None = None,
        timeout: float | None = None,
        allowed: frozenset[JobKind] | None = None,
        killing: str | None = None,
    ) -> Job:
        """A job on the object for the length of a block. To be asked for with no lock held.

        :param kind: what it is for.
        :param api: the API it is asked for; the current call's unless given.
        :param timeout: seconds to wait for it at most; the lock manager's unless given.
        :param allowed: the kinds that others may start inside an asynchronous job; its kind's usual ones unless given.
        :param killing: for what ends a guest in the middle of whatever is done to it: why. The jobs of other threads
            end as this one begins, at once, and their owners learn of it by `Job.check`; only one that kills as well
            is waited for. Those who wait see what has become of the guest when it is their turn.
        :raises JobTimeout: on entering, if it could not begin in time.
        :raises ObjectGone: on entering, if the object was removed before it began.
        :raises JobAborted: on entering, if the guest's process ended before it began.
        """
        return Job(self.jobs, kind, api, timeout, allowed, killing)

    def changing(
        self,
        api: str | None = None,
        timeout: float | None = None,
        kind: JobKind = JobKind.MODIFY,
        killing: str | None = None,
    ) -> ChangingBlock[S]:
        """A job and the lock, for the length of a block that does not sleep; the block is given the state.

        Parameters and errors are those of `job`.
        """
        return ChangingBlock(self.jobs, self.job(kind, api, timeout, killing=killing), self.lock, self.locked())

    def publish(self, snapshot: object) -> None:
        """Replace what `published` shows; under the lock, so that snapshots appear in the order of the changes.

        :param snapshot: something immutable.
        """
        self._check_locked("publishes a snapshot")
        with self._edition:
            self.published = snapshot

    def retire(self) -> None:
        """Mark the object as removed, under its lock; whoever waits for a job on it gets ObjectGone."""
        self._check_locked("is retired")
        with self._edition:
            self.gone = True
        self._usual.removed = self._gone()
        self.jobs.refuse_all(self._gone)

    def kill_jobs(self, reason: str) -> None:
        """End the jobs of all other threads, because the guest's process ended.

        Their owners learn of it by `Job.check`; those who wait get JobAborted. May be called with or without the lock.

        :param reason: what happened, for those errors.
        """
        self.jobs.kill(reason)

    def abort_job(self, reason: str) -> Job | None:
        """Ask the running asynchronous job to stop (`virDomainAbortJob`); its owner learns of it by `Job.check`.

        :return: that job; None if none runs.
        """
        return self.jobs.abort(reason)

    def _check_locked(self, what: str) -> None:
        if self.checker.checking and not self.lock.mine:
            detail = f"{self.name} {what} by a thread that does not hold its lock"
            self.checker.report(Rule.STATE_UNLOCKED, detail, self.lock)

    def _gone(self) -> ObjectGone:
        return ObjectGone(self.type.name, self.key)

    def refusal(self) -> LockError | None:
        """For its jobs: the error for those who come after it was removed; None while it was not."""
        return self._gone() if self.gone else None

    def __repr__(self) -> str:
        state = "removed" if self.gone else "locked" if self.lock.locked else "unlocked"
        jobs = ", ".join(f"{job.kind.value} job of {job.owner}" for job in self.jobs.running) or "no job"
        return f"<Guarded {self.name} {state}, {jobs}, {len(self.jobs.waiting)} waiting for one>"
