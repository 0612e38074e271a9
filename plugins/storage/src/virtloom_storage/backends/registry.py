"""The back ends that there are: ours and those of further plugins, found by their entry points."""

from __future__ import annotations

import logging

from virtloom.driver.loading.entries import entries
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.types import POOL_TYPES, missing_backend
from virtloom_storage.backends.base import Backend

log = logging.getLogger(__name__)

GROUP = "virtloom.storage_backends"
# The order in which libvirt registers its own, which its capabilities show.
ORDER = ("dir", "fs", "netfs", "logical", "iscsi", "iscsi-direct", "scsi", "mpath", "disk", "rbd", "gluster", "zfs")


class Backends:
    """The back ends by type. One that cannot be loaded is told in the log and is not there."""

    def __init__(self) -> None:
        self._loaded: dict[str, Backend] = {}
        for entry in sorted(entries(GROUP), key=lambda entry: _rank(entry.name)):
            self._load(entry.name, entry.load)

    def _load(self, name: str, load: object) -> None:
        try:
            made = load()()  # type: ignore[operator]
        except Exception:
            log.exception("the storage back end %s cannot be loaded", name)
            return
        if not isinstance(made, Backend) or made.type != name or name not in POOL_TYPES:
            log.error("the storage back end %s is %r, not a back end of that type", name, made)
            return
        self._loaded[name] = made

    def supported(self) -> list[str]:
        """The types that this host has, in libvirt's order."""
        return [name for name, backend in self._loaded.items() if not _is_absent(backend)]

    def of(self, type_: str) -> Backend:
        """The back end of a type.

        :raises VirtError: INTERNAL_ERROR if this host has none.
        """
        backend = self._loaded.get(type_)
        if backend is None or _is_absent(backend):
            error = missing_backend(POOL_TYPES[type_])
            error.hint = f"{backend.missing()}: install what provides it" if backend is not None else None
            raise error
        return backend

    def of_word(self, type_: str) -> Backend:
        """The back end of a type that a client names.

        :raises VirtError: INTERNAL_ERROR if there is no such type, or this host has none.
        """
        if type_ not in POOL_TYPES:
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"unknown storage pool type {type_}", ErrorDomain.STORAGE)
        return self.of(type_)


def _is_absent(backend: Backend) -> bool:
    return backend.is_optional and backend.missing() is not None


def _rank(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)
