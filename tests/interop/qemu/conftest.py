"""Real guests in QEMU, below a daemon of the test's own; none of them outlives its test."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from daemons import CONFIG, Daemon, Virsh, eventually, needs
from virtloom.driver.cgroups import Group, host_hierarchy

PROGRAMS = Path(__file__).parent / "programs"
GUEST = """<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>{more}
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
        self.env: dict[str, str] = {}
        self.daemon = Daemon(root)
        self.virsh = Virsh(self.daemon.uri("qemu", "/system"))

    def crash(self) -> None:
        """The daemon dies as nothing can keep it from dying, and another is started."""
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.daemon = Daemon(self.root, self.config, self.env)

    def lend(self, program: str, *names: str) -> Path:
        """Have the daemon find a stand-in of the tests' first, under some names; the folder that it is in."""
        folder = self.root / "bin"
        folder.mkdir(exist_ok=True)
        for name in names:
            shutil.copy(PROGRAMS / program, folder / name)
        self.env["PATH"] = f"{folder}:{os.environ['PATH']}"
        self.crash()
        return folder

    def write(self, name: str, *, memory: int = 32, os: str = "", devices: str = "", more: str = "") -> str:
        """A guest's definition in a file."""
        path = self.root / f"{name}.xml"
        path.write_text(GUEST.format(name=name, memory=memory, os=os, devices=devices, more=more))
        return str(path)

    def pid(self, name: str) -> int:
        """The process of a guest."""
        return int((self.root / "run" / "qemu" / f"{name}.pid").read_text())

    @contextmanager
    def events(self, name: str) -> Iterator[Callable[[], str]]:
        """A virsh that prints every event of a guest's; what it has printed so far."""
        path = self.root / f"{name}.events"
        words = ["stdbuf", "-oL", "virsh", "-c", self.virsh.uri, "event", "--all", "--loop", "--domain", name]
        with path.open("w") as file:
            listening = subprocess.Popen(words, stdout=file, stdin=subprocess.DEVNULL)

        def listens() -> bool:
            self.virsh("desc", name, "--current", str(time.monotonic()))  # tells of itself, once somebody hears it
            return "metadata-change" in path.read_text()

        try:
            eventually(listens, "virsh to listen")
            yield path.read_text
        finally:
            listening.kill()
            listening.wait()

    def clear(self) -> None:
        for file in (self.root / "run" / "qemu").glob("*.pid"):
            with suppress(ProcessLookupError, FileNotFoundError, ValueError):
                pid = int(file.read_text())
                told = Path(f"/proc/{pid}/cgroup").read_text()
                os.kill(pid, signal.SIGKILL)
                for path in re.findall(r":memory:/(machine/qemu-.*)", told):
                    Group(host_hierarchy(), path).remove(10.0)


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


@pytest.fixture
def slow(host: Host) -> Host:
    """A host whose `gzip` waits for a file before it reads."""
    needs("gzip", "gzip")
    folder: Path = host.root / "bin"
    folder.mkdir()
    program = folder / "gzip"
    program.write_text(
        f'#!/bin/sh\nwhile [ ! -e {host.root}/go ]; do sleep 0.1; done\nPATH=/usr/bin:/bin exec gzip "$@"\n'
    )
    program.chmod(0o755)
    host.daemon.stop()
    host.config = CONFIG + '[driver.qemu]\nsave_image_format = "gzip"\n'
    host.daemon = Daemon(host.root, host.config, {"PATH": f"{folder}:/usr/bin:/bin:/usr/sbin:/sbin"})
    host.virsh("create", host.write("g"))
    return host
