"""A socket that listens before the process that serves it is there, so that nobody who connects comes too early."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from virtloom.errors import system_error


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A listening unix socket for the length of a block; a process that was given its descriptor keeps it.

    :raises VirtError: SYSTEM_ERROR if it cannot be made, such as for a path of more than 107 bytes.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as made:
        try:
            path.unlink(missing_ok=True)
            made.bind(str(path))
            path.chmod(0o600)
            made.listen(1)
        except OSError as error:
            raise system_error(error, f"Unable to listen at UNIX socket '{path}'") from error
        yield made
