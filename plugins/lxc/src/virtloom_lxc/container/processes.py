"""A container's processes, told by pid: never another one that has got the pid since."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from virtloom.driver.cgroups import Group


class Process:
    """A process that is held by a descriptor (pidfd_open(2)): what has its pid after it is never taken for it."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid, self._descriptor = pid, descriptor

    def send(self, number: int) -> None:
        """Send it a signal.

        :raises ProcessLookupError: it has ended.
        """
        signal.pidfd_send_signal(self._descriptor, number)

    def open(self, name: str) -> int:
        """Open a file of its folder in /proc for reading, such as `ns/net`.

        :raises ProcessLookupError: it has ended; OSError: there is no such file.
        """
        opened = os.open(f"/proc/{self.pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        if self._has_ended():
            os.close(opened)
            raise ProcessLookupError
        return opened

    def _has_ended(self) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return bool(poll.poll(0))


@contextmanager
def held(pid: int, group: Group) -> Iterator[Process]:
    """A process of a container's.

    :raises ProcessLookupError: there is none, or one that is not the container's.
    """
    descriptor = os.pidfd_open(pid)
    try:
        if pid not in group.processes():
            raise ProcessLookupError
        yield Process(pid, descriptor)
    finally:
        os.close(descriptor)
