"""Hosts that outlive the daemon: written at its end as the descriptions that `test:///PATH` reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from virtloom.driver.store import write_atomically
from virtloom_test.hosts.file import described_host
from virtloom_test.hosts.host import TestHost
from virtloom_test.hosts.node import DEFAULT_NODE
from virtloom_test.hosts.writing import description
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

    def write(self, path: str, host: TestHost) -> None:
        """Write a host, if hosts are to persist."""
        if self._stage.options.persist:
            write_atomically(self._file(path), description(host).encode())

    def _file(self, path: str) -> Path:
        return self._folder / (path.strip("/").replace("/", "%") + ".xml")
