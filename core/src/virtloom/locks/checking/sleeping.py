"""What sleeps, beyond what audit events show: a declared list, watched while a checker enforces, and `might_sleep`.

Guarantees: a watched function behaves as ever; it is only looked at who calls it. What the standard library does inside
a function of its own is not judged, since the outer call was.
Assumes: code calls these functions through their modules or classes (`time.sleep(1)`), or imported them after the first
checker that enforces was made. Classes written in C (`queue.SimpleQueue`, `threading.Lock`) cannot be watched.

`might_sleep` is for everything else, such as a monitor's command: it looks in every mode that checks. The name and the
idea are the Linux kernel's.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import threading
from collections.abc import Callable, Mapping
from math import inf
from typing import Any, NamedTuple

from virtloom.locks.checking.rules import Rule
from virtloom.locks.context import THREADS
from virtloom.locks.levels import Level

FORBIDDING = (Level.DRIVER, Level.OBJECT)
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_ADDED = os.sep + "site-packages" + os.sep

Arguments = tuple[Any, ...]
Keywords = Mapping[str, Any]
# Seconds after which a call of a function ends at the latest: inf if never, 0 if it does not sleep at all.
Deadline = Callable[[Arguments, Keywords], float]


def might_sleep(what: str, deadline: float | None = 0.0) -> None:
    """Say that the caller may now sleep; reported if this thread holds an object's or a driver's lock.

    :param what: what it does, for the report: "the monitor's command query-status".
    :param deadline: seconds after which it ends at the latest; None if never, which is reported as well.
    :raises LockViolation: in enforce mode.
    """
    me = THREADS.me
    for lock in me.held:
        if lock.level in FORBIDDING:
            lock.checker.blocked(what, lock)
    checker = me.checker
    if deadline is None and me.call.api is not None and checker is not None:
        checker.report(Rule.NO_DEADLINE, f"{what} has no deadline, in {me.call.api}", about=what)


def _always(arguments: Arguments, keywords: Keywords) -> float:
    """It sleeps, and it ends by itself."""
    return 1.0


def _timeout(place: int) -> Deadline:
    """The argument `timeout` is the deadline."""

    def find(arguments: Arguments, keywords: Keywords) -> float:
        given = keywords.get("timeout", arguments[place] if len(arguments) > place else None)
        return inf if given is None else float(given)

    return find


def _queue_timeout(arguments: Arguments, keywords: Keywords) -> float:
    """As `queue.Queue.get(block, timeout)`."""
    block = keywords.get("block", arguments[1] if len(arguments) > 1 else True)
    return _timeout(2)(arguments, keywords) if block else 0.0


def _socket_timeout(arguments: Arguments, keywords: Keywords) -> float:
    timeout = arguments[0].gettimeout()
    return inf if timeout is None else float(timeout)


class Sleeper(NamedTuple):
    """A function that sleeps.

    :ivar module: owner: name: where it is; the owner is a class of the module, or "".
    :ivar deadline: finds out when a call of it ends at the latest.
    """

    module: str
    owner: str
    name: str
    deadline: Deadline

    def __str__(self) -> str:
        return ".".join(filter(None, (self.module, self.owner, self.name)))


SLEEPERS = (
    Sleeper("time", "", "sleep", _always),
    Sleeper("os", "", "fsync", _always),
    Sleeper("os", "", "fdatasync", _always),
    Sleeper("select", "", "select", _timeout(3)),
    Sleeper("subprocess", "", "run", _timeout(99)),
    Sleeper("subprocess", "", "call", _timeout(99)),
    Sleeper("subprocess", "", "check_call", _timeout(99)),
    Sleeper("subprocess", "", "check_output", _timeout(99)),
    Sleeper("subprocess", "Popen", "wait", _timeout(1)),
    Sleeper("subprocess", "Popen", "communicate", _timeout(2)),
    Sleeper("threading", "Event", "wait", _timeout(1)),
    Sleeper("threading", "Condition", "wait", _timeout(1)),
    Sleeper("threading", "Thread", "join", _timeout(1)),
    Sleeper("queue", "Queue", "get", _queue_timeout),
    Sleeper("concurrent.futures", "Future", "result", _timeout(1)),
    Sleeper("concurrent.futures", "Future", "exception", _timeout(1)),
    *(
        Sleeper("socket", "socket", name, _socket_timeout)
        for name in ("connect", "accept", "recv", "recv_into", "recvmsg", "recvfrom", "send", "sendall", "sendmsg")
    ),
)


def watched(sleeper: Sleeper, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with a look at who calls it."""
    what = str(sleeper)
    deadline = sleeper.deadline

    @functools.wraps(function)
    def look_and_call(*arguments: Any, **keywords: Any) -> Any:
        me = THREADS.me
        if (me.held or me.call.api is not None) and not _in_library(sys._getframe(1).f_code.co_filename):
            ends = deadline(arguments, keywords)
            if ends > 0:
                might_sleep(what, None if ends == inf else ends)
        return function(*arguments, **keywords)

    return look_and_call


def _in_library(file: str) -> bool:
    return file.startswith((_LIBRARY, "<frozen")) and _ADDED not in file


_installing = threading.Lock()
_installed = False


def install() -> None:
    """Watch the declared functions in this process from now on; for processes whose locks are enforced."""
    global _installed
    with _installing:
        if _installed:
            return
        for sleeper in SLEEPERS:
            owner = importlib.import_module(sleeper.module)
            owner = getattr(owner, sleeper.owner) if sleeper.owner else owner
            setattr(owner, sleeper.name, watched(sleeper, getattr(owner, sleeper.name)))
        _installed = True
