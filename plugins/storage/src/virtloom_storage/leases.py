"""Who uses which image: guests, by the path of a disk, so that no two write to one and nobody deletes it under them.

A hypervisor driver takes a lease before it starts a guest and gives it back when the guest has ended. A lease is for
reading, for writing alone, or for writing beside others (a disk that is `<shareable/>`).

Guarantees: of the leases on one path either one is for writing alone, or all are for reading or shared.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Level, LockManager


class Use(Enum):
    """What a lease is for."""

    READ = "reading"
    WRITE = "writing"
    SHARE = "writing, shared"


class Lease(NamedTuple):
    """One guest's use of one image. :ivar holder: the guest, as people call it: `domain 'web'`."""

    path: str
    holder: str
    use: Use


class Leases:
    """All leases of a host."""

    def __init__(self, locks: LockManager) -> None:
        self._lock = locks.lock("leases", Level.LEAF)
        self._by_path: dict[str, tuple[Lease, ...]] = {}

    def take(self, path: str, holder: str, use: Use) -> Lease:
        """A lease on an image; taking the same one again changes nothing.

        :raises VirtError: RESOURCE_BUSY, naming the holder, if another's use does not allow it.
        """
        wanted = Lease(path, holder, use)
        with self._lock:
            held = self._by_path.get(path, ())
            other = next((lease for lease in held if _excludes(lease, wanted)), None)
            if other is None and wanted not in held:
                self._by_path[path] = (*held, wanted)
        if other is not None:
            detail = f"'{path}' is in use for {other.use.value} by {other.holder}"
            raise VirtError(ErrorCode.RESOURCE_BUSY, detail, ErrorDomain.STORAGE)
        return wanted

    def release(self, lease: Lease) -> None:
        """Give a lease back. Idempotent."""
        with self._lock:
            left = tuple(other for other in self._by_path.get(lease.path, ()) if other != lease)
            if left:
                self._by_path[lease.path] = left
            else:
                self._by_path.pop(lease.path, None)

    def release_all(self, holder: str) -> None:
        """Give back all that a guest has."""
        for lease in self.held():
            if lease.holder == holder:
                self.release(lease)

    def on(self, path: str) -> tuple[Lease, ...]:
        """The leases on an image."""
        with self._lock:
            return self._by_path.get(path, ())

    def held(self) -> tuple[Lease, ...]:
        """All leases."""
        with self._lock:
            return tuple(lease for leases in self._by_path.values() for lease in leases)


def _excludes(held: Lease, wanted: Lease) -> bool:
    """Whether one lease rules out another. One's own never does: a guest may have a disk twice."""
    if held.holder == wanted.holder:
        return False
    return (held.use is Use.WRITE or wanted.use is Use.WRITE) and held != wanted
