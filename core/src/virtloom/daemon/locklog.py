"""The log of locks: broken rules and slow locks, written by a thread of its own.

Whoever notices one holds locks, and nothing logs under a lock. So it is queued, which takes no lock of ours, and the
thread writes it.
"""

from __future__ import annotations

import logging
import threading
from math import inf
from queue import SimpleQueue

from virtloom.locks import Checker, Finding, Mode
from virtloom.locks.watching.slow import SlowLock

log = logging.getLogger(__name__)


class LockLog:
    """Makes the daemon's checker, and logs what it notices.

    :param mode: the checker's mode.
    :param slow: seconds for which a lock may be held before it is told of; 0 tells of none.
    """

    def __init__(self, mode: Mode, slow: float) -> None:
        self._queue: SimpleQueue[Finding | SlowLock | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="lock-log", daemon=True)
        self.checker = Checker(mode, self._queue.put)
        self.tell_slow(slow)

    def tell_slow(self, seconds: float) -> None:
        """Tell of locks that are held for longer than that; 0 tells of none."""
        self.checker.watch.tell_slow(seconds or inf, self._queue.put)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self, timeout: float = 1.0) -> None:
        """Write what was noticed, then end."""
        self._queue.put(None)
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _write(self) -> None:
        while (noticed := self._queue.get()) is not None:
            if isinstance(noticed, Finding):
                stack = "".join(f"\n  {site}" for site in noticed.stack)
                log.warning("a rule of locking was broken: %s%s", noticed, stack)
            else:
                log.warning("slow lock: %s", noticed)
