"""The connection to a guest's agent, there for as long as the guest has its channel open (`qemuConnectAgent`).

An agent whose host has hung up looks ten times a second whether somebody is there (QEMU: qga/main.c), so nobody hangs
up between conversations. What an agent says after it was given up stays unread in the socket, where the kernel bounds
it and QEMU makes the guest wait, until the next conversation throws it away.

Guarantees: `end` and `open` may come from any thread, at any time and more than once. A conversation that is going on
when the run ends meets the end of the stream; no descriptor is closed while a conversation uses it.
Assumes: conversations follow one another, which agent jobs see to.
"""

from __future__ import annotations

import os
import select
import socket
from contextlib import suppress
from pathlib import Path

from virtloom.locks import Level, LockManager
from virtloom_qemu.agent.errors import GONE, Unresponsive

CONNECT_WITHIN = 5.0  # seconds


class AgentLine:
    """One run's connection; there may be none yet."""

    def __init__(self, locks: LockManager) -> None:
        self._lock = locks.lock("agent line", Level.LEAF)
        self._sock: socket.socket | None = None
        self._path: Path | None = None
        self._taken = self._ended = False

    def take(self, path: Path) -> socket.socket:
        """The connection, for one conversation, which gives it back; made anew if there is none that lives.

        :param path: the socket of the guest's channel on the host; another one if the channel was replaced.
        :raises VirtError: AGENT_UNRESPONSIVE if nobody listens there, or the run has ended.
        """
        made = self._made(path)
        with self._lock:
            unneeded = self._put(made, path)
            self._taken = True
            sock, ended = self._sock, self._ended
        if unneeded is not None:
            unneeded.close()
        if ended or sock is None:
            self.give_back()
            raise Unresponsive(GONE)
        return sock

    def give_back(self) -> None:
        """A conversation is over; the connection stays, unless the run has ended."""
        with self._lock:
            self._taken = False
            leaving = self._leave() if self._ended else None
        if leaving is not None:
            leaving.close()

    def open(self, path: Path) -> None:
        """Connect without a word; no error if nobody listens."""
        with suppress(Unresponsive):
            made = self._made(path)
            with self._lock:
                unneeded = made if self._taken or self._ended else self._put(made, path)
            if unneeded is not None:
                unneeded.close()

    def end(self) -> None:
        """The run is over."""
        with self._lock:
            self._ended = True
            if self._taken and self._sock is not None:
                with suppress(OSError):  # the other end may be gone
                    self._sock.shutdown(socket.SHUT_RDWR)
            leaving = None if self._taken else self._leave()
        if leaving is not None:
            leaving.close()

    def _made(self, path: Path) -> socket.socket | None:
        """A new connection, if there is none that can be used."""
        with self._lock:
            usable = self._usable(path)
        return None if usable else connected(path)

    # With the lock held.

    def _put(self, made: socket.socket | None, path: Path) -> socket.socket | None:
        """Keep a connection, unless another was first; the one that nobody needs."""
        if made is None or self._usable(path):
            return made
        old, self._sock, self._path = self._sock, made, path
        return old

    def _usable(self, path: Path) -> bool:
        return self._sock is not None and self._path == path and lives(self._sock)

    def _leave(self) -> socket.socket | None:
        leaving, self._sock = self._sock, None
        return leaving


def connected(path: Path) -> socket.socket:
    """A connection to a guest's channel.

    :raises VirtError: AGENT_UNRESPONSIVE if nobody listens there.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    made.settimeout(CONNECT_WITHIN)
    try:
        made.connect(os.fspath(path))
    except OSError as error:
        made.close()
        raise Unresponsive("QEMU guest agent is not connected") from error
    return made


def lives(sock: socket.socket) -> bool:
    """Whether the other end is still there, whatever it may have left to be read."""
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    return not poll.poll(0)
