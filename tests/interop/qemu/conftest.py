"""Real guests in QEMU, below a daemon of the test's own; none of them outlives its test."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from daemons import CONFIG, Daemon, Virsh, needs

GUEST = """<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type>{os}</os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <serial type='pty'/>
    {devices}
  </devices>
</domain>"""


class Host:
    """A scratch root with a daemon that can be killed and started again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = CONFIG
        self.daemon = Daemon(root)
        self.virsh = Virsh(self.daemon.uri("qemu", "/system"))

    def crash(self) -> None:
        """The daemon dies as nothing can keep it from dying, and another is started."""
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.daemon = Daemon(self.root, self.config)

    def write(self, name: str, *, memory: int = 32, os: str = "", devices: str = "") -> str:
        """A guest's definition in a file."""
        path = self.root / f"{name}.xml"
        path.write_text(GUEST.format(name=name, memory=memory, os=os, devices=devices))
        return str(path)

    def pid(self, name: str) -> int:
        """The process of a guest."""
        return int((self.root / "run" / "qemu" / f"{name}.pid").read_text())

    def clear(self) -> None:
        for file in (self.root / "run" / "qemu").glob("*.pid"):
            with suppress(ProcessLookupError, ValueError):
                os.kill(int(file.read_text()), signal.SIGKILL)


@pytest.fixture
def host(scratch: Path) -> Iterator[Host]:
    needs("qemu-system-x86_64", "qemu-system-x86")
    made = Host(scratch)
    try:
        yield made
        log = made.daemon.stop()
        assert "LockViolation" not in log, log
    finally:
        made.clear()
        if made.daemon.process.poll() is None:
            made.daemon.process.kill()
