"""Limits of a guest's memory, by the names of `<memtune>`, in KiB."""

from __future__ import annotations

from collections.abc import Mapping

from virtloom.driver.cgroups.files import MEMORY, MEMORY_SOFT, MEMORY_SWAP
from virtloom.driver.cgroups.group import Group
from virtloom.xmldef.domain.tunables import MEMTUNE, UNLIMITED, check_memory_limits

FILES = dict(zip(MEMTUNE, (MEMORY, MEMORY_SOFT, MEMORY_SWAP), strict=True))


def limits(group: Group) -> dict[str, int]:
    """The limits that a group has; a kernel that does not count swap limits none of it.

    :raises VirtError: SYSTEM_ERROR.
    """
    return {name: group.limit(file) if group.has(file) else UNLIMITED for name, file in FILES.items()}


def set_limits(group: Group, now: Mapping[str, int], given: Mapping[str, int]) -> None:
    """Change some limits of a guest that runs.

    :param now: those of its definition.
    :raises VirtError: INVALID_ARG for limits that contradict each other, SYSTEM_ERROR for what the kernel refuses.
    """
    check_memory_limits({**now, **given})
    for name in _order(now, given):
        group.set_limit(FILES[name], given[name])


def _order(now: Mapping[str, int], given: Mapping[str, int]) -> list[str]:
    """The order in which limits are set: a hard limit that falls before the one with swap, one that rises after it."""
    falls = given.get("hard_limit", 0) < now.get("hard_limit", 0)
    hard = ("hard_limit", "swap_hard_limit")
    return [name for name in ("soft_limit", *(hard if falls else reversed(hard))) if name in given]
