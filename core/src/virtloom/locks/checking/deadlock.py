"""Deadlocks: threads that wait for each other in a circle, over locks and jobs.

A circle is closed by the thread that begins to wait last, since an owner that waits for nothing closes none. So it is
enough that each thread looks once, a moment after it began to wait, whether it stands in one.

Guarantees: what is returned was a circle at one moment: every link of it was there at two readings, and a wait is an
object of its own each time, so no thread went on in between.
Remaining race: two threads may find the same circle. Both choose the same victim, and the second finds it gone.
"""

from __future__ import annotations

from typing import NamedTuple

from virtloom.locks.context import ThreadRecord
from virtloom.locks.waits import Wait
from virtloom.locks.watching.stacks import stack_of_thread

LOOK_AFTER = 0.1  # seconds of waiting before the search: long beside a usual wait, short for a person


class Link(NamedTuple):
    """A wait, and one of the threads that it is for."""

    wait: Wait
    holder: ThreadRecord


def find_cycle(start: ThreadRecord) -> tuple[Link, ...]:
    """The circle of waits that a thread stands in, beginning with its own; () if there is none."""
    path: list[Link] = []
    if _search(start, start, {start}, path) and all(map(_still_there, path)):
        return tuple(path)
    return ()


def _search(thread: ThreadRecord, goal: ThreadRecord, seen: set[ThreadRecord], path: list[Link]) -> bool:
    wait = thread.waiting_for
    if wait is None:
        return False
    for holder in wait.blockers():
        path.append(Link(wait, holder))
        if holder is goal:
            return True
        if holder not in seen:
            seen.add(holder)
            if _search(holder, goal, seen, path):
                return True
        path.pop()
    return False


def _still_there(link: Link) -> bool:
    return link.wait.owner.waiting_for is link.wait and link.holder in link.wait.blockers()


def choose_victim(cycle: tuple[Link, ...]) -> Wait:
    """Whose wait is to fail: a call's rather than a thread's of the daemon, and of these the one that began last."""
    return max((link.wait for link in cycle), key=lambda wait: (wait.owner.call.api is not None, wait.since))


def describe(cycle: tuple[Link, ...], *, places: bool = False) -> str:
    """The circle as a sentence.

    :param places: whether it says at which line each thread waits.
    """
    steps = []
    for wait, holder in cycle:
        place = _place(wait.owner) if places else ""
        whose = f" of {wait.whose}" if wait.whose else ""
        steps.append(f"{wait.owner}{place} waits for {wait.wanted}{whose}, held by {holder}")
    return "; ".join(steps)


def _place(thread: ThreadRecord) -> str:
    stack = stack_of_thread(thread)
    return f" at {stack[0]}" if stack else ""
