"""Blocking calls under a lock, seen through Python's audit events (PEP 578).

Guarantees: the hook is installed once in a process, by the first checker that checks; a thread that holds no
checked lock pays a dictionary look-up for each audit event.
Assumes: the interpreter raises the events below. What raises none (reading and writing a connected socket, fsync,
`time.sleep` before Python 3.13) is in the list of `sleeping`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from virtloom.locks.checking.sleeping import FORBIDDING
from virtloom.locks.context import THREADS

_WRITING = os.O_WRONLY | os.O_RDWR


def _always(arguments: tuple[Any, ...]) -> bool:
    return True


def _for_writing(arguments: tuple[Any, ...]) -> bool:
    flags = arguments[-1]
    return isinstance(flags, int) and bool(flags & _WRITING)


# The audit events that mean sleeping, each with the test of its arguments.
BLOCKING: dict[str, Callable[[tuple[Any, ...]], bool]] = {
    "subprocess.Popen": _always,
    "os.system": _always,
    "os.posix_spawn": _always,
    "os.fork": _always,
    "socket.connect": _always,
    "socket.getaddrinfo": _always,
    "socket.gethostbyname": _always,
    "time.sleep": _always,
    "open": _for_writing,
}


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    is_blocking = BLOCKING.get(event)
    if is_blocking is None or not is_blocking(arguments):
        return
    for lock in THREADS.me.held:
        if lock.level in FORBIDDING:
            lock.checker.blocked(event, lock)


_installing = threading.Lock()
_installed = False


def install() -> None:
    """Watch this process from now on. A hook cannot be taken out again, so it serves all checkers."""
    global _installed
    with _installing:
        if not _installed:
            sys.addaudithook(_watch)
            _installed = True
