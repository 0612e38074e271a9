"""Which guests use which images, by path, so that no two write to one and nobody deletes it under them.

A hypervisor driver notes the images of a run before it begins and lets go of them when it has ended. A use is for
reading, for writing alone, or for writing beside others (a disk that is `<shareable/>`).

Guarantees: of the uses of one path by several guests that were not running already, either all are for reading, or all
are shared.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import NamedTuple

from virtloom.driver.handles import DomainHandle
from virtloom.driver.images import ImageUse, Use
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Level, LockManager


class Owner(NamedTuple):
    """A guest in one of its runs. :ivar name: shown only."""

    uuid: bytes
    run: int
    name: str

    @classmethod
    def of(cls, handle: DomainHandle) -> Owner:
        """The owner that a handle names."""
        return cls(handle.uuid, handle.id, handle.name)

    def __str__(self) -> str:
        return f"domain '{self.name}'"


class Lease(NamedTuple):
    """One guest's use of one image."""

    owner: Owner
    use: Use


Uses = frozenset[ImageUse]


class Leases:
    """All leases of a host."""

    def __init__(self, locks: LockManager) -> None:
        self._lock = locks.lock("leases", Level.LEAF)
        self._held: dict[Owner, Uses] = {}
        self._names: dict[Owner, dict[str, frozenset[str]]] = {}

    def names(self, owner: Owner, look: Callable[[str], frozenset[str]]) -> Callable[[str], frozenset[str]]:
        """What tells all names of an image, by a path: those that it had when its guest took it, if it has it already.

        :param look: finds the names of one that it has not.
        """
        with self._lock:
            known = self._names.setdefault(owner, {})

        def told(path: str) -> frozenset[str]:
            names = known.get(path) or look(path)
            known[path] = names
            return names

        return told

    def hold(self, owner: Owner, uses: Iterable[ImageUse], *, running: bool = False) -> Uses:
        """Note the uses of a guest, in the place of those that it had.

        :param running: whether it has them already, so that nothing is refused.
        :returns: those that it had, for `put_back`.
        :raises VirtError: RESOURCE_BUSY, naming the image and who has it; nothing has changed then.
        """
        wanted = frozenset(uses)
        with self._lock:
            taken = None if running else self._taken(owner, wanted)
            former = self._held.get(owner, frozenset())
            if taken is None:
                self._held[owner] = wanted
        if taken is not None:
            use, other = taken
            detail = f"'{use.path}' is in use for {other.use.value} by {other.owner}"
            raise VirtError(ErrorCode.RESOURCE_BUSY, detail, ErrorDomain.STORAGE)
        return former

    def put_back(self, owner: Owner, former: Uses) -> None:
        """Undo a `hold`."""
        with self._lock:
            self._held[owner] = former

    def _taken(self, owner: Owner, wanted: Uses) -> tuple[ImageUse, Lease] | None:
        others = [(other, uses) for other, uses in self._held.items() if other.uuid != owner.uuid]
        for mine in wanted:
            for other, uses in others:
                for use in uses:
                    if use.path == mine.path and not _fit(use.use, mine.use):
                        return mine, Lease(other, use.use)
        return None

    def release(self, owner: Owner) -> None:
        """A guest lets go of all that it has. Idempotent."""
        with self._lock:
            self._held.pop(owner, None)
            self._names.pop(owner, None)

    def on(self, paths: Iterable[str]) -> tuple[Lease, ...]:
        """Who uses an image. :param paths: all of its names."""
        names = frozenset(paths)
        with self._lock:
            return tuple(
                Lease(owner, use.use) for owner, uses in self._held.items() for use in uses if use.path in names
            )


def _fit(one: Use, other: Use) -> bool:
    return one is other and one is not Use.WRITE


def names_of(path: str) -> frozenset[str]:
    """The names that an image is known by: as it was named, and where that leads. Looks at the storage."""
    return only_said(path) | {os.path.realpath(path)} if path.startswith("/") else only_said(path)


def only_said(path: str) -> frozenset[str]:
    """The name that an image was given alone."""
    return frozenset({os.path.normpath(path) if path.startswith("/") else path})
