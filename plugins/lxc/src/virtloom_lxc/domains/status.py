"""What is true of a container while it runs, on disk, so that a restarted daemon finds it (libvirt: `<domstatus>`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from virtloom.driver.files.store import DefinitionStore
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.domains.state import Container


class Status(NamedTuple):
    """One container as it was at its last change."""

    definition: Domain
    state: int
    reason: int
    boots: int


class StatusFiles:
    """The files of the driver's run-time folder."""

    def __init__(self, folder: Path) -> None:
        self._store = DefinitionStore(folder)

    @staticmethod
    def text(state: Container) -> str:
        """What is kept of a container; under its lock."""
        numbers = {"state": state.state, "reason": state.reason, "boots": state.boots}
        root = Node("domstatus", {name: str(value) for name, value in numbers.items()})
        root.children.append(state.definition.node())
        return document.write(root)

    def write(self, name: str, text: str) -> None:
        """Keep it; with no lock held.

        :raises VirtError: SYSTEM_ERROR.
        """
        self._store.write(name, text)

    def remove(self, name: str) -> None:
        """Forget it."""
        self._store.remove(name)

    def load(self) -> Iterator[tuple[str, Status]]:
        """All that were kept, by name."""
        return self._store.load(parse)


def parse(text: str) -> Status:
    """What was kept, of its text: read as it was written, for it is complete.

    :raises VirtError: XML_ERROR for what is damaged.
    """
    root = document.parse(text)
    domain = root.find("domain")
    if root.tag != "domstatus" or domain is None:
        raise VirtError(ErrorCode.XML_ERROR, "this is no <domstatus>")
    state, reason, boots = (int(root.get(name) or 0) for name in ("state", "reason", "boots"))
    return Status(Domain.read(domain), state, reason, boots)
