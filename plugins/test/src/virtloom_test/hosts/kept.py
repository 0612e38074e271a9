"""Hosts that outlive the daemon: written as the descriptions that `test:///PATH` reads, with each change.

Guarantees: what a call has changed is on disk before the call is answered, so that a daemon that is killed loses
nothing; the file is the old one or the new one, never a part.
Locks: a job for each host, since writing sleeps; its description is taken inside it, so that none overtakes another.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from virtloom.driver.files.store import write_atomically
from virtloom.errors import system_error
from virtloom.locks import JobKind
from virtloom_test.hosts.file import described_host
from virtloom_test.hosts.host import TestHost
from virtloom_test.hosts.node import DEFAULT_NODE
from virtloom_test.hosts.writing import description
from virtloom_test.object_types import KEPT_HOST
from virtloom_test.stage import Stage


class Kept:
    """The folder of written hosts."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._folder = stage.host.dirs.state / "hosts"

    def find(self, path: str) -> Callable[[Stage, str], TestHost] | None:
        """How the host of a path is made from what was written of it; None if nothing was."""
        file = self._file(path)
        if not self._stage.options.persist or not file.exists():
            return None
        text = file.read_text()
        return lambda stage, uri: described_host(stage, uri, text, file.parent, node=DEFAULT_NODE)

    def keep(self, path: str, host: TestHost) -> None:
        """Write a host now and with each change, if hosts are to persist.

        :raises VirtError: SYSTEM_ERROR if it cannot be written.
        """
        if self._stage.options.persist:
            host.on_change = KeptHost(self._stage, self._file(path), host).write
            host.on_change()

    def _file(self, path: str) -> Path:
        return self._folder / (path.strip("/").replace("/", "%") + ".xml")


class KeptHost:
    """One host and its file."""

    def __init__(self, stage: Stage, file: Path, host: TestHost) -> None:
        self._file = file
        self._host = host
        self._turn = stage.host.locks.guard(KEPT_HOST, host.uri, None)
        self._written = ""  # touched by the job's owner alone

    def write(self) -> None:
        """Write the host as it is now, if it is not so already.

        :raises VirtError: SYSTEM_ERROR.
        """
        with self._turn.job(JobKind.MODIFY):
            text = description(self._host)
            if text == self._written:
                return
            try:
                write_atomically(self._file, text.encode())
            except OSError as error:
                raise system_error(error, f"cannot keep the host '{self._host.uri}' in '{self._file}'") from error
            self._written = text
