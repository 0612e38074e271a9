"""How much memory of the host's a guest may use (`<memtune>`)."""

from __future__ import annotations

from collections.abc import Mapping

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain

UNLIMITED = 9007199254740991  # VIR_DOMAIN_MEMORY_PARAM_UNLIMITED, in KiB
MEMTUNE = ("hard_limit", "soft_limit", "swap_hard_limit")


def memory_limits(definition: Domain) -> dict[str, int]:
    """The limits that a definition sets, in KiB."""
    tune = definition.memtune
    return {} if tune is None else {node.tag: int(node.text) for node in tune.children if node.tag in MEMTUNE}


def check_memory_limits(limits: Mapping[str, int]) -> None:
    """Refuse a limit above the one that counts swap too.

    :raises VirtError: INVALID_ARG.
    """
    if limits.get("hard_limit", UNLIMITED) > limits.get("swap_hard_limit", UNLIMITED):
        detail = "memory hard_limit tunable value must be lower than or equal to swap_hard_limit"
        raise VirtError(ErrorCode.INVALID_ARG, detail)


def with_memory_limits(definition: Domain, limits: Mapping[str, int]) -> Domain:
    """A definition with such limits, in KiB; UNLIMITED or more is none."""
    tune = Node("memtune")
    for name in MEMTUNE:
        if limits.get(name, UNLIMITED) < UNLIMITED:
            tune.add(name, {"unit": "KiB"}, str(limits[name]))
    return definition.replace(memtune=tune if tune.children else None)
