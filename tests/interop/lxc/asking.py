"""What the tests of containers ask them."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from daemons import Daemon, Virsh, eventually, needs


def inside(lxc: Virsh, name: str, *words: str) -> str:
    """What a command prints inside a container."""
    return lxc("lxc-enter-namespace", name, "--noseclabel", *words)


def state(lxc: Virsh, name: str) -> str:
    """A container's state and its reason."""
    return lxc("domstate", name, "--reason")


def interface(bridge: str, number: int, more: str = "") -> str:
    """An interface on a bridge, with an address of its own."""
    return f"""<interface type='bridge'><source bridge='{bridge}'/><mac address='52:54:00:4c:58:{number:02x}'/>
        <ip address='10.99.7.{number}' family='ipv4' prefix='24'/>{more}</interface>"""


class Terminal:
    """`virsh console` on a terminal of the test's."""

    def __init__(self, lxc: Virsh, name: str) -> None:
        self._end, other = pty.openpty()
        command = [needs("virsh", "libvirt-clients"), "-c", lxc.uri, "console", name]
        self._process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, start_new_session=True)
        os.close(other)
        os.set_blocking(self._end, False)
        self.text = ""
        self.expect("Escape character is")

    def expect(self, wanted: str) -> None:
        """Wait for a text."""
        try:
            eventually(lambda: wanted in self._read(), f"{wanted!r} on the console")
        except AssertionError as error:
            raise AssertionError(f"{error}; there was {self.text!r}") from None

    def _read(self) -> str:
        with suppress(OSError):
            self.text += os.read(self._end, 4096).decode(errors="replace")
        return self.text

    def say(self, line: str) -> None:
        """Type a line."""
        self.text = ""
        os.write(self._end, line.encode() + b"\r")

    def leave(self) -> None:
        """Type the escape character."""
        os.write(self._end, b"\x1d")
        self._process.wait(10)
        os.close(self._end)


def listen(lxc: Virsh, name: str) -> subprocess.Popen[str]:
    """A virsh that prints every event of a domain."""
    command = [needs("virsh", "libvirt-clients"), "-c", lxc.uri, "event", "--all", "--loop", "--domain", name]
    listening = subprocess.Popen(
        ["stdbuf", "-oL", *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    time.sleep(0.5)
    return listening


def heard(listening: subprocess.Popen[str]) -> str:
    """What it printed up to now."""
    time.sleep(0.5)
    listening.send_signal(signal.SIGINT)
    return listening.communicate(timeout=10)[0]


class Pair:
    """A daemon that can be killed and started again on the same root."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.daemon = Daemon(folder)
        self.lxc = Virsh(self.daemon.uri("lxc", "/system"))

    def kill(self) -> None:
        self.daemon.process.send_signal(signal.SIGKILL)
        self.daemon.process.wait()

    def start(self) -> None:
        self.daemon = Daemon(self._folder)
