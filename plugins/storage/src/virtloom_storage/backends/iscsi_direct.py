"""Pools that are iSCSI targets which nobody is logged in to: their units are left to QEMU to open.

The target is asked by libiscsi's iscsi-ls(1) and iscsi-readcapacity16(1) (libvirt: storage_backend_iscsi_direct.c).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.refusal import bad
from virtloom.xmldef.storage.source import Source as PoolSource
from virtloom.xmldef.storage.volume import Volume, VolumeTarget
from virtloom_storage.backends.base import Backend, Scan
from virtloom_storage.backends.block import summed
from virtloom_storage.backends.iscsi import USAGE_ISCSI, one_host, required, target_of, with_targets
from virtloom_storage.context import Context
from virtloom_storage.images.volume import internal

DEADLINE = 60.0  # seconds for a target to answer


class IscsiDirect(Backend):
    """A target; its units are network volumes."""

    type = "iscsi-direct"
    tools = ("iscsi-ls", "iscsi-readcapacity16")
    is_optional = True

    def is_active(self, context: Context, pool: Pool) -> bool:
        """See `Backend.is_active`."""
        return True

    def refresh(self, context: Context, pool: Pool) -> Scan:
        """See `Backend.refresh`."""
        portal, target, login = "{}:{}".format(*one_host(pool.source)), target_of(pool), _login(context, pool)
        who = ["--initiator-name", pool.source.initiator or ""]
        argv = ["iscsi-ls", "--show-luns", *who, f"iscsi://{portal}"]
        printed = context.programs.run(argv, deadline=DEADLINE, private=login).decode(errors="replace")
        volumes = []
        for unit in _units(printed, target):
            argv = ["iscsi-readcapacity16", "--size", *who, f"iscsi://{portal}/{target}/{unit}"]
            size = context.programs.run(argv, deadline=DEADLINE, private=login)
            volumes.append(_volume(pool, portal, unit, _number(size)))
        return Scan(summed(pool, volumes), {volume.name: volume for volume in volumes})

    def find_sources(self, context: Context, specification: PoolSource | None) -> list[PoolSource]:
        """See `Backend.find_sources`."""
        source = required(specification, "iscsi-direct")
        argv = ["iscsi-ls", "iscsi://{}:{}".format(*one_host(source))]
        printed = context.programs.run(argv, deadline=DEADLINE).decode(errors="replace")
        return with_targets(source, re.findall(r"(?m)^Target:(\S+)", printed))


def _login(context: Context, pool: Pool) -> Mapping[str, str]:
    """What libiscsi finds the user's name and password by."""
    auth = pool.source.auth
    if auth is None or auth.secret is None:
        return {}
    if auth.type != "chap":
        raise bad("iscsi-direct pool only supports 'chap' auth type")
    password = context.secrets.value(auth.secret, USAGE_ISCSI).decode(errors="surrogateescape")
    return {"LIBISCSI_CHAP_USERNAME": auth.username or "", "LIBISCSI_CHAP_PASSWORD": password}


def _units(printed: str, wanted: str) -> list[int]:
    """The units of a target that are disks, of what iscsi-ls prints: `Lun:1 Type:DIRECT_ACCESS (Size:1G)`."""
    units, target = [], ""
    for line in printed.splitlines():
        if found := re.match(r"Target:(\S+)", line):
            target = found[1]
        elif target == wanted and (found := re.search(r"Lun:(\d+)\s+Type:DIRECT_ACCESS", line)):
            units.append(int(found[1]))
    return units


def _number(printed: bytes) -> int:
    try:
        return int(printed)
    except ValueError:
        raise internal("iscsi-readcapacity16 printed something else than a number") from None


def _volume(pool: Pool, portal: str, unit: int, size: int) -> Volume:
    path = f"ip-{portal}-iscsi-{target_of(pool)}-lun-{unit}"
    target = VolumeTarget(path=path)
    return Volume(type="network", name=f"unit:0:0:{unit}", key=path, capacity=size, allocation=size, target=target)
