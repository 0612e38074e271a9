"""The rules of locking that are checked at run time, and what is written down when one is broken.

Guarantees: rules and findings are immutable.
"""

from __future__ import annotations

import os
import sys
from enum import Enum
from types import FrameType
from typing import NamedTuple


class Rule(Enum):
    """A rule, by the sentence that says it."""

    LEVEL = "a thread acquires only a lock of a higher level than every lock it holds"
    TWO_OBJECTS = "two objects are locked together by locked_pair only"
    DRIVER_UNDER_OBJECT = "no driver's lock is taken while an object is locked"
    WAIT_UNDER_DRIVER = "no object's lock is waited for while a driver's lock is held"
    OBTAINED_UNDER_OBJECT = "no object is obtained while another is locked"
    REENTRY = "a thread does not take a lock that it holds"
    FOREIGN_RELEASE = "a lock is released by the thread that took it"
    HELD_AT_END = "no lock is held when a call ends"
    STATE_UNLOCKED = "an object's state is used under its lock"
    STATE_LEAKED = "an object's state is not used after its lock was released"
    JOB_UNDER_LOCK = "a job is waited for with no lock held"
    JOB_REENTRY = "a thread does not wait for a job that it holds back itself"
    INVERSION = "two classes of locks are always taken in the same order"
    BLOCKING = "nothing sleeps under an object's or a driver's lock"


class Site(NamedTuple):
    """One line of a stack."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


class Finding(NamedTuple):
    """One breach of a rule. The same breach reached by the same lines is one finding, however often it happens.

    :ivar rule: the rule.
    :ivar detail: what was done, in a sentence.
    :ivar thread: the name of the thread that did it first.
    :ivar api: what that thread was called for.
    :ivar stack: where, innermost line first, beginning outside of this package.
    """

    rule: Rule
    detail: str
    thread: str
    api: str | None
    stack: tuple[Site, ...]

    def __str__(self) -> str:
        where = f" at {self.stack[0]}" if self.stack else ""
        return f"{self.rule.name}: {self.detail} (thread {self.thread}{where})"


_PACKAGE = os.path.dirname(__file__) + os.sep
_DEPTH = 12  # lines kept of a stack: enough to reach the driver's method from the deepest helper


def caller_stack() -> tuple[Site, ...]:
    """The stack of the caller from outside of this package on. No source file is read: locks are held."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    sites: list[Site] = []
    while frame is not None and len(sites) < _DEPTH:
        sites.append(Site(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname))
        frame = frame.f_back
    return tuple(sites)
