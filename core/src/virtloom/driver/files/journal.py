"""What was made on the host for one run of a guest, written down so that it can be undone after a crash as well.

Guarantees: a line is on disk before the thing is made; undoing is idempotent and goes on past what fails.
"""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Any

from virtloom.errors import VirtError, system_error

log = logging.getLogger(__name__)
Undo = Callable[[dict[str, Any]], None]


class Journal:
    """The list of one run.

    :param path: its file, one JSON object a line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self) -> None:
        """Make the list, so that a start that a crash cuts off is known by it.

        :raises VirtError: SYSTEM_ERROR.
        """
        try:
            self.path.touch(mode=0o600)
        except OSError as error:
            raise system_error(error, f"cannot make {self.path}") from error

    def close(self) -> None:
        """Everything is written down elsewhere now: the list is no more."""
        self.path.unlink(missing_ok=True)

    def add(self, kind: str, **entry: str) -> None:
        """Write down that something is about to be made.

        :raises VirtError: SYSTEM_ERROR; then the list is as it was.
        """
        line = json.dumps({"kind": kind, **entry}).encode() + b"\n"
        try:
            with FileIO(self.path, "ab", opener=_private) as file:
                _append(file, line)
        except OSError as error:
            raise system_error(error, f"cannot write {self.path}") from error

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
            except (VirtError, OSError, KeyError) as error:
                log.warning("what a guest left (%s) could not be removed: %s", entry.get("kind"), error)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _append(file: FileIO, line: bytes) -> None:
    """Write a line whole or not at all: behind a torn one, what follows would not be found."""
    before = file.seek(0, os.SEEK_END)
    try:
        if file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        file.truncate(before)
        raise
