"""The rules of locking that are checked at run time, and what is written down when one is broken.

Guarantees: rules and findings are immutable.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from virtloom.locks.checking.sites import Site


class Rule(Enum):
    """A rule, by the sentence that says it."""

    LEVEL = "a thread acquires only a lock of a higher level than every lock it holds"
    TWO_OBJECTS = "two objects are locked together by locked_pair only"
    DRIVER_UNDER_OBJECT = "no driver's lock is taken while an object is locked"
    WAIT_UNDER_DRIVER = "no object's lock is waited for while a driver's lock is held"
    OBTAINED_UNDER_OBJECT = "no object is obtained while another is locked"
    REENTRY = "a thread does not take a lock that it holds"
    FOREIGN_RELEASE = "a lock is released by the thread that took it"
    HELD_AT_END = "no lock is held and no job runs when the call ends that began it"
    STATE_UNLOCKED = "an object's state is used under its lock"
    STATE_LEAKED = "an object's state is not used after its lock was released"
    JOB_UNDER_LOCK = "a job is waited for with no lock held"
    JOB_REENTRY = "a thread does not wait for a job that it holds back itself"
    INVERSION = "two classes of locks are always taken in the same order"
    BLOCKING = "nothing sleeps under an object's or a driver's lock"
    NO_DEADLINE = "a call waits for nothing without a deadline"
    DEADLOCK = "threads do not wait for each other in a circle"


class Finding(NamedTuple):
    """One breach of a rule. The same breach reached by the same lines is one finding, however often it happens.

    :ivar rule: the rule.
    :ivar detail: what was done, in a sentence.
    :ivar thread: the name of the thread that did it first.
    :ivar api: what that thread was called for.
    :ivar client: who called.
    :ivar object: the lock or the object that it is about; None if about none.
    :ivar stack: where, innermost line first, beginning outside of this package.
    :ivar other: the other place that matters: where the lock was taken that was held then, or where the state was
        lent; None if there is none.
    """

    rule: Rule
    detail: str
    thread: str
    api: str | None
    stack: tuple[Site, ...]
    client: str | None = None
    object: str | None = None
    other: Site | None = None

    def __str__(self) -> str:
        whose = f" in {self.api}" if self.api else ""
        whose += f" for client {self.client}" if self.client else ""
        where = f" at {self.stack[0]}" if self.stack else ""
        other = f"; {self.object or 'it'} was taken at {self.other}" if self.other else ""
        return f"{self.rule.name}: {self.detail} (thread {self.thread}{whose}{where}{other})"
