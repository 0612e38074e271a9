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
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise system_error(error, f"cannot make {path}") from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._fd, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._fd)
            raise VirtError(
                ErrorCode.OPERATION_FAILED,
                f"another virtloomd (process {holder}) uses {path.parent}",
                ErrorDomain.NONE,
                hint="stop it, or start this one with another --root",
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another daemon have the places."""
        self.path.unlink(missing_ok=True)
        os.close(self._fd)
