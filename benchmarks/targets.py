"""The daemons that are measured: virtloomd, and a libvirtd beside it where one is installed."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

READY_WITHIN = 20.0  # seconds
ENDS_WITHIN = 10.0
VIRTLOOMD = Path(sys.executable).parent / "virtloomd"
# Most of what a daemon imports is compiled already where it is installed; with this in the environment of whoever
# measures, nothing would ever be.
HINDERS = "PYTHONDONTWRITEBYTECODE"


class Target(NamedTuple):
    """A running daemon."""

    name: str
    socket: Path
    pid: int

    @property
    def threads(self) -> int:
        """How many threads it has."""
        return len(os.listdir(f"/proc/{self.pid}/task"))

    @property
    def processor_seconds(self) -> float:
        """What all its threads, the ended ones too, have used of the processors (/proc/PID/stat), in steps of 10 ms."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def resident_mib(self) -> float:
        """Resident memory in MiB (/proc/PID/status)."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0


@contextmanager
def virtloomd(config: str = "", program: Path = VIRTLOOMD) -> Iterator[Target]:
    """A virtloomd on a scratch root, with its default lock checking, once all of its drivers run.

    :param config: its configuration file's text.
    :param program: the one to run; another environment's runs on the Python of that.
    """
    with starting_virtloomd(config, program=program) as target:
        _await_drivers(target.socket.with_name("virtloom-admin-sock"))
        yield target


def _await_drivers(path: Path) -> None:
    """Wait until the administration's socket is served, which it is when there is nothing left to start."""
    deadline = time.monotonic() + READY_WITHIN
    while not _answers(path) and time.monotonic() < deadline:
        time.sleep(0.01)
    with socket.socket(socket.AF_UNIX) as admin:
        admin.settimeout(READY_WITHIN)
        admin.connect(str(path))
        admin.sendall(b"\0\0\0\0")  # a frame without sense, after which the daemon closes the connection
        admin.recv(1)


def _nothing(root: Path) -> None:
    """What is prepared for most."""


@contextmanager
def starting_virtloomd(
    config: str = "", prepare: Callable[[Path], None] = _nothing, program: Path = VIRTLOOMD
) -> Iterator[Target]:
    """The same as soon as it accepts connections, when drivers may still be starting.

    :param prepare: given its root, before it starts.
    """
    with _scratch() as folder:
        (folder / "etc").mkdir()
        (folder / "etc" / "virtloomd.toml").write_text(config)
        prepare(folder)
        command = [str(program), "--root", str(folder)]
        with _running(command, folder / "run" / "virtloom-sock") as pid:
            yield Target("virtloomd", folder / "run" / "virtloom-sock", pid)


@contextmanager
def libvirtd() -> Iterator[Target | None]:
    """A libvirtd on a scratch socket folder; None where none is installed."""
    program = shutil.which("libvirtd")
    if program is None:
        yield None
        return
    with _scratch() as folder:
        config = folder / "libvirtd.conf"
        config.write_text(
            f'unix_sock_dir = "{folder}"\nauth_unix_rw = "none"\nmax_clients = 20000\nmax_anonymous_clients = 2000\n'
        )
        command = [program, "--config", str(config), "--pid-file", str(folder / "pid")]
        with _running(command, folder / "libvirt-sock") as pid:
            yield Target("libvirtd", folder / "libvirt-sock", pid)


def allow_descriptors() -> None:
    """Let this process and the daemons that it starts have as many descriptors as they may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="vlb-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(command: list[str], path: Path) -> Iterator[int]:
    environment = {name: value for name, value in os.environ.items() if name != HINDERS}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=environment)
        try:
            deadline = time.monotonic() + READY_WITHIN
            while not _answers(path):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise RuntimeError(f"{command[0]} did not start: {log.read().decode(errors='replace')}")
                time.sleep(0.002)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()


def _answers(path: Path) -> bool:
    """Whether somebody accepts connections at a path; it is there before anybody does."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
