"""What was made on the host for one run of a guest, written down so that it can be undone after a crash as well.

Guarantees: a line is on disk before the thing is made; undoing is idempotent and goes on past what fails.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from virtloom.errors import VirtError

log = logging.getLogger(__name__)
Undo = Callable[[dict[str, Any]], None]


class Journal:
    """The list of one run.

    :param path: its file, one JSON object a line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self) -> None:
        """Make the list, so that a start that a crash cuts off is known by it."""
        self.path.touch(mode=0o600)

    def close(self) -> None:
        """Everything is written down elsewhere now: the list is no more."""
        self.path.unlink(missing_ok=True)

    def add(self, kind: str, **entry: str) -> None:
        """Write down that something is about to be made."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, json.dumps({"kind": kind, **entry}).encode() + b"\n")
        finally:
            os.close(descriptor)

    def port(self, network: str, uuid: bytes) -> None:
        """A port of that uuid is about to be made on a network."""
        self.add("port", network=network, uuid=uuid.hex())

    def entries(self) -> Iterator[dict[str, Any]]:
        """All lines; one that a crash cut off is left out, because what it told of was not made yet."""
        try:
            text = self.path.read_text()
        except OSError:
            return
        for line in text.splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                return

    def undo_each(self, kinds: Mapping[str, Undo]) -> None:
        """Remove from the host what the run made, the last first.

        :param kinds: how what is written down is undone, by kind.
        """
        for entry in reversed(list(self.entries())):
            try:
                kinds[entry["kind"]](entry)
            except VirtError as error:
                log.warning("what a guest left could not be removed: %s", error)
