"""The pipe through which System V's init is told its runlevel (init(8), `struct init_request`)."""

from __future__ import annotations

import os
import stat
import struct
from enum import IntEnum
from pathlib import Path

from virtloom_lxc.container.processes import Process
from virtloom_lxc.container.root.paths import inside

PIPES = ("/run/initctl", "/dev/initctl", "/etc/.initctl")
MAGIC, CHANGE_RUNLEVEL = 0x03091969, 1
REQUEST = struct.Struct("=iiii368x")


class Runlevel(IntEnum):
    """The runlevels that mean something everywhere."""

    POWEROFF = 0
    REBOOT = 6


def set_runlevel(init: Process, level: Runlevel) -> bool:
    """Tell a container's init its runlevel.

    :return: whether it has a pipe that was told. The host's own pipe is never written to.
    :raises OSError: it has ended.
    """
    root = init.open("root")
    try:
        for path in PIPES:
            place = inside(Path(f"/proc/self/fd/{root}"), path)
            if place is not None and _is_own_pipe(place, Path(path)):
                return _tell(place, level)
        return False
    finally:
        os.close(root)


def _is_own_pipe(place: Path, same_on_host: Path) -> bool:
    try:
        found = place.stat()
    except OSError:
        return False
    try:
        other = same_on_host.stat()
    except OSError:
        return stat.S_ISFIFO(found.st_mode)
    return stat.S_ISFIFO(found.st_mode) and (found.st_dev, found.st_ino) != (other.st_dev, other.st_ino)


def _tell(place: Path, level: Runlevel) -> bool:
    try:
        pipe = os.open(place, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False  # nobody reads it
    try:
        os.write(pipe, REQUEST.pack(MAGIC, CHANGE_RUNLEVEL, ord("0") + level, 0))
    except OSError:
        return False
    finally:
        os.close(pipe)
    return True
