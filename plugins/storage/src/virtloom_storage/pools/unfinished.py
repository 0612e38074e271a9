"""Volumes that have their own names before they are whole: noted while they are made, so that a crash leaves none.

A file gets its name when it is whole. A partition, a logical volume or an image of a cluster has its name at once. So
its making is noted on disk, and what a daemon before this one was making when it died is removed when its pool is next
opened.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from virtloom.driver.files.store import DefinitionStore
from virtloom.errors import VirtError
from virtloom.xmldef.storage.pool import Pool
from virtloom_storage.backends.base import Backend, Scan
from virtloom_storage.context import Context

HELPERS_END_WITHIN = 3.0  # seconds in which parted(8) or lvcreate(8) have made a volume
log = logging.getLogger(__name__)


class Unfinished:
    """The notes, an empty file each.

    :param folder: where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._notes = DefinitionStore(folder, "")

    @contextmanager
    def noted(self, pool: Pool, name: str) -> Iterator[None]:
        """Note a volume while a block makes it. A block that fails has removed what it made."""
        note = _prefix(pool) + name
        self._notes.write(note, "")
        try:
            yield
        finally:
            self._notes.remove(note)

    def swept(self, context: Context, backend: Backend, scan: Scan) -> Scan:
        """What was found in a pool that is being opened, less what a daemon before this one was making when it ended.

        One that cannot be removed is not shown either, and the next opening tries again.
        """
        prefix = _prefix(scan.pool)
        left = {note.removeprefix(prefix): note for note, _ in self._notes.load(str) if note.startswith(prefix)}
        if not left.keys() <= scan.volumes.keys() and self._await_helpers(left.values()):
            scan = backend.refresh(context, scan.pool)
        gone = [name for name in left if self._removed(context, backend, scan, name)]
        for name in gone:
            self._notes.remove(left[name])
        if any(name in scan.volumes for name in gone):
            scan = backend.refresh(context, scan.pool)
        return scan._replace(volumes={name: one for name, one in scan.volumes.items() if name not in left})

    def _await_helpers(self, notes: Iterable[str]) -> bool:
        """Give a helper that the dead daemon left behind the time to end; False if none can be there any more."""
        begun = max(self._notes.path(note).stat().st_mtime for note in notes)
        rest = min(begun + HELPERS_END_WITHIN - time.time(), HELPERS_END_WITHIN)
        time.sleep(max(0.0, rest))
        return rest > 0

    @staticmethod
    def _removed(context: Context, backend: Backend, scan: Scan, name: str) -> bool:
        volume = scan.volumes.get(name)
        if volume is None:
            return True
        try:
            backend.remove(context, scan.pool, volume, 0)
        except VirtError as error:
            log.error("volume %s of pool %s is half made and cannot be removed: %s", name, scan.pool.name, error)
            return False
        return True


def _prefix(pool: Pool) -> str:
    return f"{UUID(bytes=pool.uuid)}."
