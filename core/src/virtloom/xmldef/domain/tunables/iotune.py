"""How fast a disk may be (`<iotune>`): rates, bursts and their lengths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.devices import Disk

RATES = tuple(f"{way}_{unit}_sec" for unit in ("bytes", "iops") for way in ("total", "read", "write"))
GROUP = "group_name"
IOTUNE = (
    *RATES,
    *(f"{rate}_max" for rate in RATES),
    "size_iops_sec",
    GROUP,
    *(f"{rate}_max_length" for rate in RATES),
)
Limits = dict[str, int | str]
Given = Mapping[str, int | float | str]


class _Conflict(NamedTuple):
    total: str
    read: str
    write: str
    told: str


CONFLICTS = tuple(
    _Conflict(f"total_{unit}{end}", f"read_{unit}{end}", f"write_{unit}{end}", f"{unit}{end}")
    for end in ("", "_max")
    for unit in ("bytes_sec", "iops_sec")
)


def iotune(disk: Disk) -> Limits:
    """The limits that a disk has."""
    if disk.iotune is None:
        return {}
    return {
        one.tag: one.text if one.tag == GROUP else int(one.text) for one in disk.iotune.children if one.tag in IOTUNE
    }


def with_iotune(disk: Disk, limits: Mapping[str, int | float | str]) -> Disk:
    """A disk with such limits; 0 is none."""
    node = Node("iotune")
    for name in IOTUNE:
        if limits.get(name):
            node.add(name, text=str(limits[name]))
    return disk.replace(iotune=node if node.children else None)


def refuse_conflicts(given: Given) -> None:
    """Refuse limits of all traffic together with limits of one direction.

    :raises VirtError: INVALID_ARG.
    """
    for one in CONFLICTS:
        if given.get(one.total) and (given.get(one.read) or given.get(one.write)):
            detail = f"total and read/write of {one.told} cannot be set at the same time"
            raise VirtError(ErrorCode.INVALID_ARG, detail)
