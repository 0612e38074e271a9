"""Locks: levels, guarded objects, jobs, and the checker that watches them. Uses nothing else of virtloom.

`manager` is where to begin; `levels` has the order of locks, `guarded` the objects, `jobs` what a thread
takes before it sleeps, `checker` and `rules` what is checked, `inspection` who holds what.
"""

from virtloom.locks.checker import Checker, Mode
from virtloom.locks.context import Call, calling, current_call
from virtloom.locks.errors import JobAborted, JobTimeout, LockError, LockTimeout, LockViolation, ObjectGone
from virtloom.locks.guarded import Guarded
from virtloom.locks.job import Job, Progress
from virtloom.locks.kinds import JobKind
from virtloom.locks.levels import Level, ObjectType
from virtloom.locks.lock import Lock, LockStatistics
from virtloom.locks.manager import LockManager
from virtloom.locks.pair import locked_pair
from virtloom.locks.rules import Finding, Rule

__all__ = [
    "Call",
    "Checker",
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
]
