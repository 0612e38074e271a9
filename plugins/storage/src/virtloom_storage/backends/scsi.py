"""Pools that are what a SCSI host of this machine reaches (libvirt's storage_backend_scsi.c)."""

from __future__ import annotations

import re
from pathlib import Path

from virtloom.errors import ErrorDomain, VirtError, system_error
from virtloom.xmldef.storage.adapter import Adapter, PciAddress
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.refusal import bad
from virtloom_storage.backends.base import Scan
from virtloom_storage.backends.block import BlockVolumes, summed
from virtloom_storage.backends.scsi_units import find_units
from virtloom_storage.context import Context
from virtloom_storage.images.volume import internal

HOSTS = Path("/sys/class/scsi_host")
FC_HOSTS = Path("/sys/class/fc_host")


class Scsi(BlockVolumes):
    """A SCSI host, or a Fibre Channel host that is there; virtual ones are not made here."""

    type = "scsi"

    def is_active(self, context: Context, pool: Pool) -> bool:
        """See `Backend.is_active`."""
        try:
            return (HOSTS / f"host{_number(pool)}").exists()
        except VirtError:
            return False

    def refresh(self, context: Context, pool: Pool) -> Scan:
        """See `Backend.refresh`."""
        number = _number(pool)
        scan = HOSTS / f"host{number}" / "scan"
        try:
            scan.write_text("- - -")
        except OSError as error:
            raise system_error(error, f"Could not open '{scan}' to trigger host scan", ErrorDomain.STORAGE) from error
        volumes = find_units(context, pool, number)
        return Scan(summed(pool, volumes), {volume.name: volume for volume in volumes})


def _number(pool: Pool) -> int:
    """The number of the pool's SCSI host."""
    adapter = pool.source.adapter
    assert adapter is not None
    name = _fc_host(adapter) if adapter.type == "fc_host" else adapter.name or _by_parent(adapter)
    found = re.fullmatch(r"(?:scsi_)?host(\d+)", name)
    if found is None:
        raise internal(f"Invalid adapter name '{name}' for SCSI pool")
    return int(found[1])


def _fc_host(adapter: Adapter) -> str:
    wanted = [(adapter.wwnn or "").removeprefix("0x"), (adapter.wwpn or "").removeprefix("0x")]
    for host in sorted(FC_HOSTS.glob("host*")):
        names = [(host / name).read_text().strip().removeprefix("0x") for name in ("node_name", "port_name")]
        if names == wanted:
            return host.name
    raise bad(f"Failed to find SCSI host with wwnn='{adapter.wwnn}', wwpn='{adapter.wwpn}'")


def _by_parent(adapter: Adapter) -> str:
    parent = adapter.parentaddr
    address = (parent.address if parent is not None else None) or PciAddress()
    shown = f"{address.domain:04x}:{address.bus:02x}:{address.slot:02x}.{address.function:x}"
    for host in sorted(HOSTS.glob("host*")):
        unique = (host / "unique_id").read_text().strip()
        if parent is not None and unique == str(parent.unique_id) and shown in str(host.resolve()):
            return host.name
    raise bad(f"Failed to find scsi_host using PCI '{shown}' and unique_id='{parent.unique_id if parent else 0}'")
