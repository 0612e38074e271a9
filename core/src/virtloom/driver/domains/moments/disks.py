"""Where a snapshot keeps each disk of its domain (libvirt: `virDomainSnapshotAlignDisks`).

`regular_files` looks at the host's files and so may sleep: it is called before a lock is taken; `align` may be called
under one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk

LOCATIONS = ("no", "internal", "external", "manual")
DELETING = "deleting"  # the element that says that a disk's image is about to be merged away, with its snapshot
TYPES = ("file", "block", "network", "nvme", "vhostuser", "vhostvdpa")
FORMATS = (
    "raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop", "cow", "qcow", "qcow2", "qed",
    "vmdk", "luks",
)  # fmt: skip


def parse_disks(root: Node) -> tuple[Node, ...]:
    """The `<disk>` elements of a snapshot's document, in one form: name, snapshot, type, driver, source, `DELETING`.

    :raises VirtError: in libvirt's words.
    """
    disks = root.find("disks")
    return () if disks is None else tuple(_parse_disk(node) for node in disks.children)


def _parse_disk(node: Node) -> Node:
    name, location, kind = node.get("name"), node.get("snapshot"), node.get("type") or "file"
    if name is None:
        raise _error(ErrorCode.INTERNAL_ERROR, "missing name from disk snapshot element")
    if location is not None and location not in LOCATIONS:
        raise _misfit("snapshot", location)
    if kind in ("volume", "dir"):
        raise _error(ErrorCode.XML_ERROR, f"unsupported disk snapshot type '{kind}'")
    if kind not in TYPES:
        raise _misfit("type", kind)
    driver, source = node.find("driver"), node.find("source")
    image = driver.get("type") if driver is not None else None
    if image is not None and image not in FORMATS:
        raise _error(ErrorCode.CONFIG_UNSUPPORTED, f"unknown disk snapshot driver '{image}'")
    path = _path(source)
    if kind == "file" and path and not path.startswith("/"):
        raise _error(ErrorCode.XML_ERROR, f"disk snapshot image path '{path}' must be absolute")
    if location is None and (path or image):
        location = "external"
    made = _disk(name, location, kind, driver, source)
    made.children += node.all(DELETING)
    return made


def _disk(name: str, location: str | None, kind: str, driver: Node | None, source: Node | None) -> Node:
    made = Node("disk", {"name": name} | ({"snapshot": location} if location else {}))
    if driver is not None or _path(source):
        made.attrs["type"] = kind
        made.children = [child for child in (driver, source) if child is not None]
    return made


def _path(source: Node | None) -> str | None:
    if source is None:
        return None
    return source.get("file") or source.get("dev") or source.get("name") or source.get("path")


def regular_files(definition: Domain) -> frozenset[str]:
    """Those of a domain's disks' paths that are regular files now; to be asked with no lock held."""
    paths = {disk.path for disk in definition.parts.disks if disk.path}
    return frozenset(path for path in paths if Path(path).is_file())


def align(
    wanted: Sequence[Node], definition: Domain, default: str, snapshot: str, files: frozenset[str]
) -> tuple[Node, ...]:
    """One `<disk>` for each disk of the domain: what the document wants for it, or the default.

    :param wanted: what `parse_disks` made of the document.
    :param default: where disks are kept of which nothing is said: "internal" or "external".
    :param snapshot: the snapshot's name, which ends the names of files that are made for it.
    :param files: what `regular_files` said of the domain: beside those, a new file can be made.
    :raises VirtError: CONFIG_UNSUPPORTED in libvirt's words.
    """
    disks = definition.parts.disks
    if len(wanted) > len(disks):
        raise _unsupported("too many disk snapshot requests for domain")
    chosen = _chosen(wanted, disks, default, must_match=default == "internal")
    rows: list[Node] = []
    for disk in disks:
        row = chosen.get(disk.name) or Node("disk", {"name": disk.name, "snapshot": _usual(disk, default)})
        if row.get("snapshot") == "external" and not _path(row.find("source")):
            row = _with_file(row, disk, snapshot, files, rows)
        rows.append(row)
    return tuple(rows)


def _usual(disk: Disk, default: str) -> str:
    """An empty drive is left out; a disk's own attribute is heeded."""
    empty = disk.source is None or not disk.source.attrs
    return "no" if empty else disk.snapshot or default


def _chosen(wanted: Sequence[Node], disks: Sequence[Disk], default: str, *, must_match: bool) -> dict[str, Node]:
    """The disks that the document speaks of, by the guest's names for them."""
    chosen: dict[str, Node] = {}
    for row in wanted:
        given = row.get("name") or ""
        disk = next((disk for disk in disks if given in (disk.name, disk.path)), None)
        if disk is None:
            raise _unsupported(f"no disk named '{given}'")
        if disk.name in chosen:
            raise _unsupported(f"disk '{given}' specified twice")
        location = _location(row, disk, default, must_match=must_match)
        path = _path(row.find("source"))
        if path and location != "external":
            raise _unsupported(f"file '{path}' for disk '{given}' requires use of external snapshot mode")
        chosen[disk.name] = Node("disk", {**row.attrs, "name": disk.name, "snapshot": location})
        chosen[disk.name].children = row.children
    return chosen


def _location(row: Node, disk: Disk, default: str, *, must_match: bool) -> str:
    location, own = row.get("snapshot"), disk.snapshot
    if location is None:
        return own if own is not None and (not must_match or own == "no") else default
    if must_match and location != default and not (location == "no" and own == "no"):
        raise _unsupported(f"disk '{row.get('name')}' must use snapshot mode '{default}'")
    return location


def _with_file(row: Node, disk: Disk, snapshot: str, files: frozenset[str], before: Sequence[Node]) -> Node:
    """The disk with a file beside its image, of the snapshot's name (`virDomainSnapshotDefAssignExternalNames`)."""
    kind = row.get("type") or "file"
    if kind != "file":
        raise _unsupported(f"cannot generate external snapshot name for disk '{disk.name}' on a '{kind}' device")
    if not disk.path:
        raise _unsupported(f"cannot generate external snapshot name for disk '{disk.name}' without source")
    if disk.path not in files:
        detail = f"source for disk '{disk.name}' is not a regular file; refusing to generate external snapshot name"
        raise _unsupported(detail)
    image = Path(disk.path)
    file = str(image.with_suffix("")) + "." + snapshot if image.suffix else f"{image}.{snapshot}"
    for other in before:
        if _path(other.find("source")) == file:
            detail = f"cannot generate external snapshot name for disk '{disk.name}': collision with disk "
            raise _unsupported(f"{detail}'{other.get('name')}'")
    return _disk(disk.name, "external", "file", row.find("driver"), Node("source", {"file": file}))


def _unsupported(detail: str) -> VirtError:
    return _error(ErrorCode.CONFIG_UNSUPPORTED, detail)


def _error(code: ErrorCode, detail: str) -> VirtError:
    return VirtError(code, detail, ErrorDomain.DOMAIN_SNAPSHOT)


def _misfit(attribute: str, text: str) -> VirtError:
    detail = f"Invalid value for attribute '{attribute}' in element 'disk': '{text}'."
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
