"""The documents of snapshots on disk: a folder for a domain, a file for a snapshot.

Behaviour: `qemuDomainSnapshotWriteMetadata`.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from virtloom.driver.domains.moments import NONE, Moment, Moments
from virtloom.driver.domains.moments.snapshots import parse_redefinition, snapshot_node
from virtloom.driver.files.store import write_atomically
from virtloom.errors import VirtError, system_error
from virtloom.xmldef import document
from virtloom.xmldef.domain.definition import Domain

log = logging.getLogger(__name__)


class SnapshotFolder:
    """The snapshots of one domain.

    :param folder: made when the first is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, moment: Moment, uuid: str, *, current: bool) -> None:
        """Keep a snapshot. With no lock held.

        :raises VirtError: SYSTEM_ERROR.
        """
        root = snapshot_node(moment, uuid, secure=True)
        root.add("active", text=str(int(current)))
        path = self._path(moment.name)
        try:
            write_atomically(path, document.write(root).encode())
        except OSError as error:
            raise system_error(error, f"unable to save metadata for snapshot {moment.name}") from error

    def write_all(self, before: Moments, after: Moments, uuid: str) -> None:
        """Keep what changed from one forest to another, and forget what is no more in it."""
        for moment in after:
            old = before.by_name.get(moment.name)
            was, now = before.current == moment.name, after.current == moment.name
            if old is not moment or was is not now:
                self.write(moment, uuid, current=now)
        for name in before.by_name.keys() - after.by_name.keys():
            self._path(name).unlink(missing_ok=True)

    def load(self, parse: Callable[[str], Domain]) -> Moments:
        """All snapshots that can be read; the others are logged and left."""
        found = NONE
        moments: list[tuple[Moment, bool]] = []
        for path in sorted(self._folder.glob("*.xml")):
            try:
                text = path.read_text()
                active = document.parse(text, "domain_snapshot").find("active")
                moments.append((parse_redefinition(text, parse), active is not None and active.text == "1"))
            except (OSError, VirtError) as error:
                log.error("the snapshot %s is ignored: %s", path, error)
        names = {moment.name for moment, _ in moments}
        for moment, current in sorted(moments, key=lambda one: one[0].created):
            orphan = moment.parent is not None and moment.parent not in names
            found = found.added(replace(moment, parent=None) if orphan else moment, current=current)
        return found

    def move(self, folder: Path) -> None:
        """Give the folder another name, if it is there."""
        if self._folder.is_dir():
            self._folder.rename(folder)

    def clear(self) -> None:
        """Forget all snapshots."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.xml"
