"""Daemons and clients for tests: real processes on scratch roots, always with lock checking on `enforce`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

BIN = Path(sys.executable).parent
READY_WITHIN = 30.0  # generous: the machine may be busy, and nothing here is a measurement
CONFIG = '[locks]\nchecking = "enforce"\n'


def needs(program: str, package: str) -> str:
    """The path of a program that a test cannot do without: skipped here, a failure where CI promised it."""
    return _found(program, package, promised=os.environ.get("CI") == "true")


def where_installed(program: str, package: str) -> str:
    """The path of a program that no test installs, since it would change what the daemon offers on this host."""
    return _found(program, package, promised=False)


def _found(program: str, package: str, *, promised: bool) -> str:
    found = shutil.which(program, path=f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin")
    if found is None:
        reason = f"{program} is not installed (Debian: apt-get install {package})"
        if promised:
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def eventually(condition: Callable[[], bool], what: str, within: float = READY_WITHIN) -> None:
    """Wait until a condition holds; fails the test by its deadline, so that the wait decides nothing."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"waited {within:g} s in vain for {what}"
        time.sleep(0.01)


class Daemon:
    """A virtloomd of the test's own.

    :param root: its scratch folder; short, because a socket's path is limited to 107 bytes.
    :param config: its configuration file's text.
    :param inside: a command that becomes the daemon in a place of its own, such as `unshare -n`.
    :param programs: the folder that `virtloomd` is in.
    """

    def __init__(
        self,
        root: Path,
        config: str = CONFIG,
        env: Mapping[str, str] | None = None,
        *,
        inside: Sequence[str] = (),
        programs: Path = BIN,
    ) -> None:
        self.root = root
        self.log = root / "daemon.log"
        (root / "etc").mkdir(parents=True, exist_ok=True)
        (root / "etc" / "virtloomd.toml").write_text(config)
        reader, writer = os.pipe()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*inside, str(programs / "virtloomd"), "--root", str(root), "--ready-fd", str(writer)],
                pass_fds=(writer,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        os.close(writer)
        with os.fdopen(reader) as ready:
            said = ready.readline()
        assert said.strip(), f"virtloomd did not become ready:\n{self.log.read_text()}"

    @property
    def socket(self) -> Path:
        """The read-write socket."""
        return self.root / "run" / "virtloom-sock"

    @property
    def readonly_socket(self) -> Path:
        """The read-only socket."""
        return self.root / "run" / "virtloom-sock-ro"

    @property
    def admin_socket(self) -> Path:
        """The administration socket."""
        return self.root / "run" / "virtloom-admin-sock"

    def uri(self, scheme: str = "test", path: str = "/default", *, readonly: bool = False) -> str:
        """A URI that reaches this daemon from libvirt's clients."""
        socket = self.readonly_socket if readonly else self.socket
        return f"{scheme}+unix://{path}?socket={socket}"

    def jobs(self) -> Any:
        """What works on which object, and who waits for that."""
        command = [str(BIN / "virtloom"), "--root", str(self.root), "jobs", "--json"]
        return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout)

    def threads(self) -> int:
        """How many threads the process has."""
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def descriptors(self) -> int:
        """How many descriptors the process has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_kib(self) -> int:
        """Resident memory in KiB, from /proc/PID/status."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS in /proc/PID/status")

    def stop(self) -> str:
        """Stop it as an operator does, check that it went in order, and return its log."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(READY_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"virtloomd did not stop:\n{self.log.read_text()}") from None
        text = self.log.read_text()
        assert status == 0, f"virtloomd ended with status {status}:\n{text}"
        return text


class Virsh:
    """virsh, bound to a URI; each call is a process of its own. :param within: seconds that a call may take."""

    def __init__(self, uri: str, within: float = READY_WITHIN) -> None:
        self.uri, self._within = uri, within
        self._program = needs("virsh", "libvirt-clients")

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command and return how it ended."""
        return subprocess.run(
            [self._program, "-c", self.uri, *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=self._within,
            env={**os.environ, "LC_ALL": "C"},
        )

    def __call__(self, *words: str) -> str:
        """Run a command that must succeed; what it printed, stripped."""
        finished = self.run(*words)
        assert finished.returncode == 0, f"virsh {' '.join(words)}: {finished.stderr}"
        return finished.stdout.strip()

    def fails(self, *words: str) -> str:
        """Run a command that must fail; what it said, stripped."""
        finished = self.run(*words)
        assert finished.returncode != 0, f"virsh {' '.join(words)} succeeded: {finished.stdout}"
        return finished.stderr.strip()
