"""What a snapshot may consist of (libvirt: `qemuSnapshotPrepare`)."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from virtloom.driver.domains.moments import Moment
from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.storage.chain import format_of

OVERLAYS = ("qcow2", "qed")  # the formats that a new image on top of another may have


def check_name(name: str) -> None:
    """Refuse a name that cannot be a file's.

    :raises VirtError: XML_DETAIL.
    """
    if "/" in name:
        problem = "name can't contain '/'"
    elif name.startswith("."):
        problem = "name can't start with '.'"
    else:
        return
    raise VirtError(ErrorCode.XML_DETAIL, f"invalid snapshot name '{name}': {problem}")


def prepare(moment: Moment, definition: Domain, *, active: bool, reuse: bool) -> Moment:
    """A snapshot whose images have a format, if it can be taken. Looks at the host's files, so with no lock held.

    :param reuse: whether images that are there already are to be used.
    :raises VirtError: CONFIG_UNSUPPORTED and others, in libvirt's words.
    """
    rows = []
    for row, disk in zip(moment.disks, definition.parts.disks, strict=True):
        if row.get("snapshot") == "internal":
            _check_internal(row, disk, moment, active=active)
        rows.append(_checked_external(row, reuse=reuse) if row.get("snapshot") == "external" else row)
    made = moment_with(moment, rows)
    if problem := _problem(made, definition):
        raise _unsupported(problem)
    loader = definition.os.loader if definition.os is not None else None
    if _kinds(made)[0] and loader is not None and loader.type == "pflash":
        detail = "internal snapshots of a VM with pflash based firmware are not supported"
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
    return made


def moment_with(moment: Moment, rows: Sequence[Node]) -> Moment:
    """A snapshot with other disks."""
    return replace(moment, disks=tuple(rows))


def _kinds(moment: Moment) -> tuple[int, int]:
    """How many disks are kept inside, and how many beside their images."""
    where = [row.get("snapshot") for row in moment.disks]
    return where.count("internal"), where.count("external")


def _problem(moment: Moment, definition: Domain) -> str | None:
    internal, external = _kinds(moment)
    memory = moment.memory.get("snapshot") if moment.memory is not None else "no"
    left_out = any(
        row.get("snapshot") == "manual"
        or (row.get("snapshot") == "no" and disk.source is not None and not disk.readonly)
        for row, disk in zip(moment.disks, definition.parts.disks, strict=True)
    )
    if not internal and not external and memory == "no":
        return "nothing selected for snapshot"
    if (memory == "internal" and not internal) or (internal and left_out):
        return "internal and full system snapshots require all disks to be selected for snapshot"
    if moment.state == "disk-snapshot" and not external:
        return "disk-only snapshots require at least one disk to be selected for snapshot"
    mixed = (internal and external) or (memory == "internal" and external) or (memory == "external" and internal)
    return "mixing internal and external targets for a snapshot is not yet supported" if mixed else None


def _check_internal(row: Node, disk: Disk, moment: Moment, *, active: bool) -> None:
    if moment.state == "disk-snapshot" and active:
        detail = f"active qemu domains require external disk snapshots; disk {row.get('name')} requested internal"
        raise _unsupported(detail)
    form = format_of(disk)
    if form != "qcow2":
        raise _unsupported(f"internal snapshot for disk {row.get('name')} unsupported for storage type {form}")


def _checked_external(row: Node, *, reuse: bool) -> Node:
    """A disk that gets a new image, with the format of that image."""
    driver, source = row.find("driver"), row.find("source")
    form = (driver.get("type") if driver is not None else None) or "qcow2"
    name = row.get("name")
    if form not in OVERLAYS:
        raise _unsupported(f"external snapshot format for disk {name} is unsupported: {form}")
    path = (source.get("file") or source.get("dev") if source is not None else None) or ""
    _check_file(name, path, row.get("type") or "file", reuse=reuse)
    made = Node("disk", {**row.attrs, "type": row.get("type") or "file"})
    made.add("driver", {**(driver.attrs if driver is not None else {}), "type": form})
    made.children += [child for child in row.children if child.tag != "driver"]
    return made


def _check_file(name: str | None, path: str, kind: str, *, reuse: bool) -> None:
    try:
        status = Path(path).stat()
    except FileNotFoundError as error:
        if reuse:
            raise system_error(error, f"missing existing file for disk {name}: {path}") from error
        if kind == "block":
            detail = f"block device snapshot target '{path}' doesn't exist"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail) from error
        return
    except OSError as error:
        raise system_error(error, f"unable to stat for disk {name}: {path}") from error
    right = stat.S_ISBLK(status.st_mode) if kind == "block" else stat.S_ISREG(status.st_mode)
    if not right:
        detail = f"mismatch between configured type for snapshot disk '{name}' and the type of existing file '{path}'"
        raise _unsupported(detail)
    if not reuse and kind == "file" and status.st_size > 0:
        detail = f"external snapshot file for disk {name} already exists and is not a block device: {path}"
        raise _unsupported(detail)


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)


def in_another_image(live: Domain, moment: Moment) -> str | None:
    """The first disk that a guest has in another image than a snapshot was taken in; None if there is none."""
    if moment.domain is None:
        return None
    now = {disk.name: disk.path for disk in live.parts.disks}
    then = {disk.name: disk.path for disk in moment.domain.parts.disks if disk.path is not None}  # a volume has no path
    names = (row.get("name") or "" for row in moment.disks)
    return next((name for name in names if name in then and then[name] != now.get(name, then[name])), None)
