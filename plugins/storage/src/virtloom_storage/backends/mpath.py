"""The pool of a host's multipath devices, as sysfs and dmsetup(8) show them (libvirt's storage_backend_mpath.c)."""

from __future__ import annotations

from pathlib import Path

from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.backends.base import Scan
from virtloom_storage.backends.block import BlockVolumes, device_volume, summed
from virtloom_storage.context import Context

BLOCKS = Path("/sys/class/block")


class Multipath(BlockVolumes):
    """All multipath devices of the host."""

    type = "mpath"

    def is_active(self, context: Context, pool: Pool) -> bool:
        """See `Backend.is_active`."""
        return True

    def refresh(self, context: Context, pool: Pool) -> Scan:
        """See `Backend.refresh`."""
        volumes = [_volume(context, entry) for entry in sorted(BLOCKS.glob("dm-*")) if _is_multipath(entry)]
        return Scan(summed(pool, volumes), {volume.name: volume for volume in volumes})


def _is_multipath(entry: Path) -> bool:
    """Whether a device-mapper device joins paths: multipathd marks its uuid (`mpath-...`)."""
    try:
        return (entry / "dm" / "uuid").read_text().startswith("mpath-")
    except OSError:
        return False


def _volume(context: Context, entry: Path) -> Volume:
    name = (entry / "dm" / "name").read_text().strip()
    return device_volume(context, entry.name, f"/dev/mapper/{name}")
