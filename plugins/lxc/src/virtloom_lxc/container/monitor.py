"""The daemon's side of a controller: how its container fares, learnt from the controller's socket.

Guarantees: `latest` is immutable and replaced whole, in the order in which the controller told; `ended` is set once the
controller is gone. One thread of the driver's reads all sockets and calls back with no lock held.
Assumes: callbacks are quick; they hand work to the background.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)


class Ending(NamedTuple):
    """How a container ended: init's exit status, or the signal that killed it, or why it never began."""

    code: int = 0
    signal: int = 0
    error: str | None = None


class Report(NamedTuple):
    """How a container stands.

    :ivar consoles: the host's terminals, in order.
    :ivar init: the pid of init on the host, 0 before the first boot; :ivar boots: how often it booted.
    :ivar ended: how it ended, None while it runs.
    """

    consoles: tuple[str, ...] = ()
    init: int = 0
    boots: int = 0
    ended: Ending | None = None

    @classmethod
    def parse(cls, line: bytes) -> Report:
        """A report of a controller's line.

        :raises ValueError: if it is none.
        """
        told = json.loads(line)
        ended = told["ended"]
        return cls(tuple(told["consoles"]), told["init"], told["boots"], None if ended is None else Ending(**ended))


class Monitor:
    """One controller's socket.

    :param path: of the socket; :param ended_file: where the controller leaves its last line.
    :param process: the controller, if this daemon started it.
    """

    def __init__(self, path: Path, ended_file: Path, process: subprocess.Popen[bytes] | None = None) -> None:
        self._process = process
        self._name = path.parent.name
        self.latest = Report()
        self.on_change: Callable[[Monitor], None] = lambda _: None
        self._ended_file = ended_file
        self._socket = connect(path)
        self._rest = b""
        self._moved = threading.Condition()

    def fileno(self) -> int:
        """For a selector."""
        return self._socket.fileno()

    def take(self) -> bool:
        """Read what came; whether the controller is still there."""
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        try:
            if lines:
                self._set(Report.parse(lines[-1]))
        except (ValueError, KeyError, TypeError) as error:
            log.error("the controller of %s told what is no report (%s), and is not listened to", self._name, error)
            data = b""
        if not data:
            self._set(self._last())
        return bool(data)

    def _last(self) -> Report:
        """The last report of a controller that is gone; if it left none, it was killed, and its container with it."""
        if self.latest.ended is not None:
            return self.latest
        with suppress(OSError, ValueError, KeyError, TypeError):
            return Report.parse(self._ended_file.read_bytes())
        return self.latest._replace(ended=Ending(signal=9))

    def _set(self, report: Report) -> None:
        with self._moved:
            self.latest = report
            self._moved.notify_all()

    def wait(self, condition: Callable[[Report], bool], timeout: float) -> bool:
        """Wait until a report fulfils a condition; False if `timeout` seconds were not enough."""
        with self._moved:
            return self._moved.wait_for(lambda: condition(self.latest), timeout)

    def close(self) -> None:
        """Let go of the socket, and of a controller that has ended; one that has not yet is waited for elsewhere."""
        self._socket.close()
        if self._process is not None and self._process.poll() is None:
            threading.Thread(target=self._process.wait, name=f"reap-{self._process.pid}", daemon=True).start()


def connect(path: Path) -> socket.socket:
    """A connection to a controller, through a descriptor of its folder because socket paths are short.

    :raises OSError: nobody listens there.
    """
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.settimeout(5.0)
            client.connect(f"/proc/self/fd/{folder}/{path.name}")
            client.setblocking(False)
        except BaseException:
            client.close()
            raise
        return client
    finally:
        os.close(folder)


def listen(path: Path) -> socket.socket:
    """A listening socket for a controller, made by the daemon so that it can connect at once."""
    path.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        server = socket.socket(socket.AF_UNIX)
        server.bind(f"/proc/self/fd/{folder}/{path.name}")
        server.listen(8)
        return server
    finally:
        os.close(folder)


class Watch:
    """The thread that reads all controllers' sockets."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake, waker = socket.socketpair()
        self._waker = waker
        for end in (self._wake, waker):
            end.setblocking(False)
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="lxc-watch", daemon=True)
        self._thread.start()

    def add(self, monitor: Monitor) -> None:
        """Read a monitor's socket from now on, until its controller ends."""
        self._selector.register(monitor.fileno(), selectors.EVENT_READ, monitor)
        self._wake_up()

    def _wake_up(self) -> None:
        with suppress(BlockingIOError):  # it has been woken often enough
            self._waker.send(b".")

    def _run(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._wake.recv(4096)
                    continue
                self._serve(key.data)

    def _serve(self, monitor: Monitor) -> None:
        descriptor = monitor.fileno()
        alive = monitor.take()
        if not alive:
            self._selector.unregister(descriptor)
            monitor.close()
        monitor.on_change(monitor)

    def stop(self) -> None:
        """End the thread; controllers and containers go on."""
        self._stopping = True
        self._wake_up()
        self._thread.join(5)
