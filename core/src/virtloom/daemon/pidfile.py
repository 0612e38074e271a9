"""One daemon for one set of places: a file that is locked for as long as the daemon lives.

Guarantees: two daemons never share their places, not even when both start at once; what a dead one left behind is no
obstacle, because the lock went with it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error


class PidFile:
    """The locked file.

    :raises VirtError: OPERATION_FAILED if another daemon holds it, SYSTEM_ERROR if it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        while True:
            self._fd = self._locked()
            if self._is_at_path():
                break
            os.close(self._fd)  # it was removed by the daemon that had it, between our opening it and locking it
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def _locked(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raised = system_error(error, f"cannot make {self.path}")
            raised.hint = "give virtloomd a folder in which this user may write: --root DIR"
            raise raised from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise VirtError(
                ErrorCode.OPERATION_FAILED,
                f"another virtloomd (process {holder}) uses {self.path.parent}",
                ErrorDomain.NONE,
                hint="stop it, or start this one with another --root",
            ) from None
        return descriptor

    def _is_at_path(self) -> bool:
        """Whether the file that was locked is the one that the next daemon will find."""
        try:
            return os.path.samestat(os.fstat(self._fd), self.path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Let another daemon have the places."""
        self.path.unlink(missing_ok=True)
        os.close(self._fd)
