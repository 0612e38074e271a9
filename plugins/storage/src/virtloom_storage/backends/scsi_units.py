"""The logical units behind a SCSI host, as sysfs shows them (`virStorageBackendSCSIFindLUs`)."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.backends.block import device_volume, settle
from virtloom_storage.context import Context
from virtloom_storage.images.volume import internal
from virtloom_storage.programs import find

DEVICES = Path("/sys/bus/scsi/devices")
DISK, CD = 0, 5  # the types of devices that can be volumes (SCSI Primary Commands)


def find_units(context: Context, pool: Pool, host: int) -> list[Volume]:
    """The volumes behind a SCSI host that can be found under the pool's path."""
    settle(context)
    volumes = []
    for entry in sorted(DEVICES.iterdir()):
        found = re.fullmatch(rf"{host}:(\d+):(\d+):(\d+)", entry.name)
        if found is not None and (volume := _unit(context, pool, entry, found.groups())) is not None:
            volumes.append(volume)
    return volumes


def _unit(context: Context, pool: Pool, entry: Path, numbers: tuple[str, ...]) -> Volume | None:
    try:
        type_ = int((entry / "type").read_text())
    except (OSError, ValueError):
        raise internal(f"Failed to determine if {entry.name} is a Direct-Access LUN") from None
    if type_ not in (DISK, CD):
        return None
    block = next(iter(sorted((entry / "block").iterdir())), None) if (entry / "block").is_dir() else None
    if block is None:
        return None
    path = _path(pool, f"/dev/{block.name}")
    if path is None:
        return None
    key = _serial(context, path) or path
    return device_volume(context, "unit:" + ":".join(numbers), path, key)


def _path(pool: Pool, device: str) -> str | None:
    """The link under the pool's path that leads to a device; None if there is none."""
    if pool.path in ("/dev", "/dev/"):
        return device
    if not pool.path.startswith("/dev/"):
        detail = f"unable to use target path '{pool.path}' for dev '{os.path.basename(device)}'"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.STORAGE)
    with suppress(OSError):
        for entry in os.scandir(pool.path):
            if entry.is_symlink() and os.path.realpath(entry.path) == device:
                return entry.path
    return None


def _serial(context: Context, path: str) -> str | None:
    """What the unit calls itself (scsi_id(8))."""
    program = find("scsi_id") or "/lib/udev/scsi_id"
    if not os.path.exists(program):
        return None
    argv = [program, "--replace-whitespace", "--whitelisted", "--device", path]
    finished = context.programs.attempt(argv, deadline=10)
    return finished.stdout.decode(errors="replace").strip() or None
