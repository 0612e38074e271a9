"""A console of a container: two terminals, and what goes from one to the other."""

from __future__ import annotations

import os
import select
import termios
import tty

BUFFER = 65536  # bytes of a console's output that are kept for a slow reader; the oldest go first


class Console:
    """One console: a terminal of the container's, and one of the host's that clients open.

    What the container writes never makes it wait: without a reader the oldest output is lost.
    """

    def __init__(self, owner: int) -> None:
        self.guest, self.guest_end = os.openpty()
        self.host, self.host_end = os.openpty()
        os.fchown(self.guest_end, owner, -1)
        tty.setraw(self.host_end, termios.TCSANOW)
        self.guest_path, self.host_path = os.ttyname(self.guest_end), os.ttyname(self.host_end)
        self.waiting = {self.guest: bytearray(), self.host: bytearray()}  # what is to be written to each
        for master in (self.guest, self.host):
            os.set_blocking(master, False)

    def other(self, master: int) -> int:
        """The other terminal."""
        return self.host if master == self.guest else self.guest

    def interest(self, master: int) -> int:
        """What to wait for: input unless a guest that does not read has enough of it, output if there is some."""
        full = master == self.host and len(self.waiting[self.guest]) >= BUFFER
        return (0 if full else select.EPOLLIN) | (select.EPOLLOUT if self.waiting[master] else 0)

    def move(self, master: int, events: int) -> None:
        """Read what has come from one side, and write what waits for it."""
        if events & select.EPOLLIN:
            other = self.waiting[self.other(master)]
            try:
                other += os.read(master, 4096)
            except OSError:
                return
            if master == self.guest and len(other) > BUFFER:
                del other[: len(other) - BUFFER]
        if events & select.EPOLLOUT:
            waiting = self.waiting[master]
            try:
                del waiting[: os.write(master, waiting)]
            except OSError:
                return
