"""The images that a guest opens and closes while it runs: given to its user before, and given back after.

It stands around every command of the monitor, so that who adds a block node need not think of owners.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from virtloom.errors import VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.runs.given.guestfiles import images_of
from virtloom_qemu.runs.given.ownership import Ownership


class OpenedImages:
    """The images of one run, by the nodes that have them open.

    :param live: the definition that the run begins with, or is found again with.
    """

    def __init__(self, ownership: Ownership, live: Domain) -> None:
        self._ownership = ownership
        self._created: set[str] = set()
        self._nodes = {
            f"libvirt-{image.number}-storage": (image.path, image.is_ours)
            for disk in live.parts.disks
            for image in images_of(disk)
            if image.number is not None
        }

    @contextmanager
    def around(self, command: str, arguments: Mapping[str, Any]) -> Iterator[None]:
        """What is done before and after a command of the monitor.

        :raises VirtError: SYSTEM_ERROR, OPERATION_INVALID if an image cannot be given to the guest.
        """
        path = arguments.get("filename")
        if command == "blockdev-create":
            self._create(arguments.get("options") or {})
            yield
        elif command == "blockdev-del":
            yield
            self._closed(str(arguments.get("node-name")))
        elif command == "blockdev-add" and isinstance(path, str):
            with self._opened(path, arguments.get("read-only") is not True, str(arguments.get("node-name"))):
                yield
        else:
            yield

    def _create(self, options: Mapping[str, Any]) -> None:
        """Give the guest an empty file to fill: its user may not be allowed to make one there."""
        path = options.get("filename")
        if options.get("driver") == "file" and isinstance(path, str):
            with suppress(OSError):  # QEMU says what is wrong
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            self._ownership.grant(path)
            self._created.add(path)

    @contextmanager
    def _opened(self, path: str, ours: bool, node: str) -> Iterator[None]:
        if path in self._created:
            self._created.discard(path)
        else:
            self._ownership.grant(path, readonly=not ours)
        try:
            yield
        except VirtError:
            if ours:
                self._ownership.give_back(path)
            raise
        self._nodes[node] = (path, ours)

    def _closed(self, node: str) -> None:
        path, ours = self._nodes.pop(node, ("", False))
        if ours:
            self._ownership.give_back(path)
