"""The images behind a disk's, found out when a guest starts (libvirt: `virStorageSourceGetMetadata`).

A definition may say what is behind an image; where it does not, the headers of the images do. What is found is put into
the running definition, so that everything that is open is known by name.
"""

from __future__ import annotations

import os
from pathlib import Path

from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.storage.header import Header, read_header

DEPTH_MAX = 200  # images behind one another
WITH_BACKING = ("qcow2", "qcow", "qed")
HELP = "See https://libvirt.org/kbase/backing_chains.html for troubleshooting"


def with_chains(definition: Domain) -> Domain:
    """A definition whose disks say what is behind their images.

    :raises VirtError: SYSTEM_ERROR for an image that is not there, OPERATION_FAILED for a chain that has no end.
    """
    return definition.with_devices(disks=tuple(with_chain(disk) for disk in definition.parts.disks))


def with_chain(disk: Disk) -> Disk:
    """A disk with what is behind its image; a disk in no file is left as it is."""
    if disk.path is None or disk.type not in ("file", "block") or disk.backing_store is not None:
        return disk
    require(disk.path)
    return disk.replace(backing_store=chain_of(Path(disk.path), format_of(disk)))


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


def chain_of(path: Path, form: str, depth: int = 0) -> Node:
    """The `<backingStore>` of an image: what is behind it, and behind that; an empty one if nothing is.

    :raises VirtError: OPERATION_FAILED for a chain without an end, or an image of unknown format in it.
    """
    end = Node("backingStore")
    if form not in WITH_BACKING:
        return end
    try:
        header = read_header(path)
    except OSError as error:
        raise system_error(error, f"Cannot access storage file '{path}'", ErrorDomain.STORAGE) from error
    if header.backing is None:
        return end
    if depth > DEPTH_MAX:
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"backing store for {path} is self-referential", ErrorDomain.STORAGE)
    return _behind(path, header, depth)


def _behind(path: Path, header: Header, depth: int) -> Node:
    assert header.backing is not None
    behind = Path(path.parent, header.backing.removeprefix("file:"))
    form = header.backing_format
    if form is None:
        form = _probed(path, behind)
    try:
        os.stat(behind)
    except OSError as error:
        who = f"(as uid:{os.geteuid()}, gid:{os.getegid()})"
        detail = f"Cannot access backing file '{behind}' of storage file '{path}' {who}"
        raise system_error(error, detail, ErrorDomain.STORAGE) from error
    made = Node("backingStore", {"type": "file"})
    made.add("format", {"type": form})
    made.add("source", {"file": str(behind)})
    made.children.append(chain_of(behind, form, depth + 1))
    return made


def _probed(path: Path, behind: Path) -> str:
    """The format of an image that nobody named: only raw ones are safe to take as what they are."""
    try:
        found = read_header(behind).format
    except OSError:
        found = "raw"
    if found == "raw":
        return found
    detail = f"format of backing image '{behind}' of image '{path}' was not specified in the image metadata ({HELP})"
    raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.STORAGE)
