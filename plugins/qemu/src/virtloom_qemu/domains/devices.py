"""Finding a device of a definition by what clients call it."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk, Interface


def find_disk(definition: Domain, path: str) -> Disk | None:
    """A disk by the guest's name for it or by its source; None if there is none (`virDomainDiskByName`)."""
    disks = definition.parts.disks
    if path.startswith("/"):
        return next((disk for disk in disks if disk.path == path), None)
    return next((disk for disk in disks if disk.name == path), None)


def find_interface(definition: Domain, device: str) -> Interface:
    """An interface by its MAC address or the name of its end on the host (`virDomainNetFind`).

    :raises VirtError: INVALID_ARG if there is none.
    """
    for one in definition.parts.interfaces:
        names = {one.target.dev if one.target is not None else None, one.mac.address if one.mac is not None else None}
        if device.lower() in names or device in names:
            return one
    detail = f"'{device}' is not a known interface"
    raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.DOMAIN)
