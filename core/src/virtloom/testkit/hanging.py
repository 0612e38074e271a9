"""A folder that hangs whoever touches it, as a dead file server or a lost disk does: for tests of storage.

It is a FUSE mount whose server does not even say hello (fuse(4)): whoever touches it sleeps in the kernel until the
mount is taken away. Needs root and /dev/fuse.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OPTIONS = "fd={},rootmode=40000,user_id=0,group_id=0"


@contextmanager
def hanging(folder: Path) -> Iterator[None]:
    """Have every access to a folder hang, for the length of a block.

    :raises OSError: if this user or this kernel cannot.
    """
    connection = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    try:
        _mount(folder, OPTIONS.format(connection))
    except OSError:
        os.close(connection)
        raise
    try:
        yield
    finally:
        os.close(connection)
        subprocess.run(["umount", "--lazy", folder], check=False, capture_output=True)


def _mount(folder: Path, options: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"hanging", os.fsencode(folder), b"fuse", 0, options.encode()) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
