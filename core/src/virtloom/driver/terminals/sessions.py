"""Who has which device of a guest open: one client each, unless it is taken over (libvirt: `virChrdevs`)."""

from __future__ import annotations

from collections.abc import Callable

from virtloom.driver.terminals.ends import End
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Level, LockManager

Closed = Callable[[End], None]


class Sessions:
    """The open ends of all guests, by the path of the device."""

    def __init__(self, locks: LockManager) -> None:
        self._lock = locks.lock("consoles", Level.LEAF)
        self._open: dict[str, End] = {}

    def open(self, path: str, make: Callable[[Closed], End], *, force: bool, what: str) -> End:
        """Open a device for one client.

        :param make: opens it, given what is to be called when it is closed.
        :param force: whether whoever has it open loses it.
        :param what: what it is called in the error: `console`.
        :raises VirtError: OPERATION_FAILED if somebody has it open.
        """
        with self._lock:
            holder = self._open.get(path)
        if holder is not None and not force:
            raise VirtError(ErrorCode.OPERATION_FAILED, f"Active {what} session exists for this domain")
        if holder is not None:
            holder.close()
        made = make(lambda end: self._forget(path, end))
        with self._lock:
            other = self._open.get(path)
            if other is None:
                self._open[path] = made
        if other is not None:  # two came at once
            made.close()
            raise VirtError(ErrorCode.OPERATION_FAILED, f"Active {what} session exists for this domain")
        return made

    def _forget(self, path: str, end: End) -> None:
        with self._lock:
            if self._open.get(path) is end:
                del self._open[path]
