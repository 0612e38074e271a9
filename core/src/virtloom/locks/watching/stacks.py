"""Where other threads are.

With its global lock CPython runs one thread at a time, so who looks can read the frames of all others. Without it
frames change while they are read, and reading one that ends in that moment crashes the process. There each thread says
itself where it is as it begins to wait, and of one that runs no more is known than its call.
"""

from __future__ import annotations

import sys

from virtloom.locks.checking.sites import Site, stack_of, stack_outside
from virtloom.locks.context import RECORDS, ThreadRecord

FROZEN = bool(getattr(sys, "_is_gil_enabled", lambda: True)())  # whether all others stand still while a thread looks


def here(inside: int = 0) -> tuple[Site, ...]:
    """The stack of this thread, to be kept in `ThreadRecord.stack` while it waits; nothing where others can look.

    :param inside: how many frames of the caller's are not part of it.
    """
    return () if FROZEN else stack_outside(sys._getframe(1 + inside))


def stack_of_thread(thread: ThreadRecord) -> tuple[Site, ...]:
    """Where another thread is now, outside of this package, innermost line first; nothing if that is not known."""
    if FROZEN:
        return stack_outside(sys._current_frames().get(thread.thread.ident or 0))
    return thread.stack


def stacks(depth: int) -> dict[int, tuple[Site, ...]]:
    """Where all threads are, as far as that is known, by their identifiers.

    :param depth: lines of each at most.
    """
    if FROZEN:
        return {ident: stack_of(frame, depth) for ident, frame in sys._current_frames().items()}
    return {record.thread.ident or 0: record.stack[:depth] for record in RECORDS.all()}
