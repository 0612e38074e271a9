"""Who runs in a thread: the locks it holds, what it waits for, and the call that it serves.

Guarantees: each thread has one `ThreadRecord`, made when it is first asked for, and only that thread writes
to it.
Assumes: reading one attribute of another thread's record is atomic. A reader sees each field as it was at
some moment, not all of them at one moment; for a report that is good enough.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from virtloom.locks.lock import CheckedLock


class Call(NamedTuple):
    """What a thread is called for.

    :ivar api: the API's name, such as "virDomainCreate"; None outside of calls.
    :ivar client: who called, as text; None if unknown.
    """

    api: str | None = None
    client: str | None = None


NO_CALL = Call()


class ThreadRecord:
    """What the locks know of one thread.

    :ivar held: the checked locks it holds, in the order of acquisition.
    :ivar call: the call it serves.
    :ivar waiting_for: the lock or the job it waits for, if it does.
    """

    __slots__ = ("call", "held", "thread", "waiting_for")

    def __init__(self) -> None:
        self.thread = threading.current_thread()
        self.held: list[CheckedLock] = []
        self.call = NO_CALL
        self.waiting_for: Any = None

    def __str__(self) -> str:
        api = self.call.api
        return f"thread {self.thread.name}" if api is None else f"thread {self.thread.name} in {api}"


class _Threads(threading.local):
    """`me` is the current thread's record: `threading.local` runs `__init__` once in each thread."""

    def __init__(self) -> None:
        self.me = ThreadRecord()


THREADS = _Threads()


def current_call() -> Call:
    """What this thread is called for."""
    return THREADS.me.call


class calling:  # noqa: N801  (used as a statement: `with calling(api=...):`)
    """Name the call that this thread serves for the length of a block; a lock still held at its end is reported.

    :param api: the API's name.
    :param client: who called.
    :raises LockViolation: at the end, in enforce mode, if a lock taken in the block is still held.
    """

    __slots__ = ("_call", "_held_before", "_outer")

    def __init__(self, api: str | None = None, client: str | None = None) -> None:
        self._call = Call(api, client)

    def __enter__(self) -> Call:
        me = THREADS.me
        self._outer, self._held_before = me.call, len(me.held)
        me.call = self._call
        return self._call

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        me = THREADS.me
        try:
            for lock in me.held[self._held_before :]:
                lock.checker.still_held(lock)
        finally:
            me.call = self._outer
