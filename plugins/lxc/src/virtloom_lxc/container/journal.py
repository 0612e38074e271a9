"""What was made on the host for one run of a container, written down so that it can be undone after a crash as well.

Guarantees: a line is on disk before the thing is made; undoing is idempotent and goes on past what fails.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from virtloom.errors import VirtError
from virtloom_lxc.container import loops
from virtloom_lxc.links import host

log = logging.getLogger(__name__)


class Journal:
    """The list of one run.

    :param path: its file, one JSON object a line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def _add(self, **entry: str) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, json.dumps(entry).encode() + b"\n")
        finally:
            os.close(descriptor)

    def link(self, name: str, peer: str, mac: str) -> None:
        """A link of that name is about to be made."""
        self._add(kind="link", name=name, peer=peer, mac=mac)

    def loop(self, image: str) -> None:
        """An image is about to get a loop device."""
        self._add(kind="loop", image=image)

    def port(self, network: str, uuid: bytes) -> None:
        """A port of that uuid is about to be made on a network."""
        self._add(kind="port", network=network, uuid=uuid.hex())

    def entries(self) -> Iterator[dict[str, Any]]:
        """All lines; one that a crash cut off is left out, because what it told of was not made yet."""
        try:
            text = self._path.read_text()
        except OSError:
            return
        for line in text.splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                return

    def undo(self, release: Callable[[str, bytes], None]) -> None:
        """Remove from the host what the run made, the last first.

        :param release: gives a port of a network back.
        """
        for entry in reversed(list(self.entries())):
            try:
                if entry["kind"] == "link":
                    host.delete_stray(entry["name"], entry["peer"], entry["mac"])
                elif entry["kind"] == "port":
                    release(entry["network"], bytes.fromhex(entry["uuid"]))
                else:
                    loops.detach(entry["image"])
            except VirtError as error:
                log.warning("what a container left could not be removed: %s", error)
