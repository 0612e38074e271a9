"""The images behind a disk's, found out when a guest starts (libvirt: `virStorageSourceGetMetadata`).

A definition may say what is behind an image; where it does not, the headers of the images do. What is found is put into
the running definition, so that everything that is open is known by name.
"""

from __future__ import annotations

import os

from virtloom.driver.images import Header, Link, links, look
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.devices import Disk

HELP = "See https://libvirt.org/kbase/backing_chains.html for troubleshooting"


def with_chain(disk: Disk) -> Disk:
    """A disk with what is behind its image; a disk in no file is left as it is.

    :raises VirtError: SYSTEM_ERROR for an image that is not there, OPERATION_FAILED for a chain that has no end.
    """
    if disk.path is None or disk.actual_type not in ("file", "block"):
        return disk
    require(disk.path)
    if disk.backing_store is not None:
        return disk
    return disk.replace(backing_store=chain_of(disk.path, format_of(disk)))


def require(path: str) -> None:
    """Refuse an image that is not there.

    :raises VirtError: SYSTEM_ERROR.
    """
    try:
        os.stat(path)
    except OSError as error:
        raise system_error(error, f"Cannot access storage file '{path}'", ErrorDomain.STORAGE) from error


def format_of(disk: Disk) -> str:
    """The format that a disk's image has."""
    return (disk.driver.get("type") if disk.driver is not None else None) or "raw"


def chain_of(path: str, form: str) -> Node:
    """The `<backingStore>` of an image: what is behind it, and behind that; an empty one if nothing is.

    :raises VirtError: OPERATION_FAILED for a chain without an end, or an image of unknown format in it.
    """
    top = Node("backingStore")
    end = top
    for link in links(path, form, _header):
        _require_behind(link)
        end.attrs["type"] = "file"
        end.add("format", {"type": link.format or _probed(link)})
        end.add("source", {"file": link.path})
        end = end.add("backingStore")
    return top


def _header(path: str) -> Header:
    try:
        return look(path).header
    except OSError as error:
        raise system_error(error, f"Cannot access storage file '{path}'", ErrorDomain.STORAGE) from error


def _require_behind(link: Link) -> None:
    try:
        os.stat(link.path)
    except OSError as error:
        who = f"(as uid:{os.geteuid()}, gid:{os.getegid()})"
        detail = f"Cannot access backing file '{link.path}' of storage file '{link.of}' {who}"
        raise system_error(error, detail, ErrorDomain.STORAGE) from error


def _probed(link: Link) -> str:
    """The format of an image that nobody named: only raw ones are safe to take as what they are."""
    if _header(link.path).format == "raw":
        return "raw"
    what = f"format of backing image '{link.path}' of image '{link.of}' was not specified in the image metadata"
    raise VirtError(ErrorCode.OPERATION_FAILED, f"{what} ({HELP})", ErrorDomain.STORAGE)
