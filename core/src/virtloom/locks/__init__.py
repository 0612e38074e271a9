"""Locks: levels, guarded objects, jobs, and the checker that watches them. Uses nothing else of virtloom.

`manager` is where to begin; `levels` has the order of locks, `guarded` the objects, `jobs` what a thread
takes before it sleeps, `checking` the rules and who judges by them, `watching` who holds what.
"""

from virtloom.locks.checking.checker import Checker, Mode
from virtloom.locks.checking.rules import Finding, Rule
from virtloom.locks.checking.sleeping import might_sleep
from virtloom.locks.context import Call, calling, current_call
from virtloom.locks.edition import Edition
from virtloom.locks.errors import Deadlock, JobAborted, JobTimeout, LockError, LockTimeout, LockViolation, ObjectGone
from virtloom.locks.guarded import Guarded
from virtloom.locks.job import Job, Progress
from virtloom.locks.kinds import JobKind
from virtloom.locks.levels import Level, ObjectType
from virtloom.locks.lock import Lock, LockStatistics
from virtloom.locks.manager import LockManager
from virtloom.locks.pair import locked_pair

__all__ = [
    "Call",
    "Checker",
    "Deadlock",
    "Edition",
    "Finding",
    "Guarded",
    "Job",
    "JobAborted",
    "JobKind",
    "JobTimeout",
    "Level",
    "Lock",
    "LockError",
    "LockManager",
    "LockStatistics",
    "LockTimeout",
    "LockViolation",
    "Mode",
    "ObjectGone",
    "ObjectType",
    "Progress",
    "Rule",
    "calling",
    "current_call",
    "locked_pair",
    "might_sleep",
]
