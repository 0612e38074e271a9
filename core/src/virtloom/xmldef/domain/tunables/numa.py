"""Where on the host a guest's memory lies (`<numatune>`)."""

from __future__ import annotations

from collections.abc import Mapping

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.values import Misfit, cpus

NUMA_MODES = ("strict", "preferred", "interleave", "restrictive")
Given = Mapping[str, int | float | str]


def numa_memory(definition: Domain) -> Node | None:
    """The element that says where the guest's memory lies."""
    return None if definition.numatune is None else definition.numatune.find("memory")


def numa_mode(definition: Domain) -> int:
    """How strictly, by number."""
    memory = numa_memory(definition)
    return NUMA_MODES.index((memory.get("mode") if memory is not None else None) or "strict")


def numa_nodes(definition: Domain) -> str:
    """On which of the host's nodes; "" for any."""
    memory = numa_memory(definition)
    return (memory.get("nodeset") if memory is not None else None) or ""


def nodes_of(text: str) -> str:
    """A set of nodes as it is written.

    :raises VirtError: INVALID_ARG.
    """
    try:
        return cpus.format(cpus.parse(text))
    except Misfit:
        raise VirtError(ErrorCode.INVALID_ARG, f"Failed to parse bitmap '{text}'", ErrorDomain.NONE) from None


def refuse_mode(given: Given) -> None:
    """Refuse a mode that there is not.

    :raises VirtError: INVALID_ARG.
    """
    mode = given.get("numa_mode")
    if mode is not None and not 0 <= int(mode) < len(NUMA_MODES):
        raise VirtError(ErrorCode.INVALID_ARG, f"unsupported numatune mode: '{mode}'")


def refuse_other_mode(definition: Domain, given: Given) -> None:
    """Refuse another mode than a guest began with.

    :raises VirtError: OPERATION_INVALID.
    """
    mode = given.get("numa_mode")
    if mode is not None and numa_memory(definition) is not None and numa_mode(definition) != int(mode):
        raise VirtError(ErrorCode.OPERATION_INVALID, "can't change numatune mode for running domain")


def with_numa(definition: Domain, given: Given) -> Domain:
    """A definition whose memory lies elsewhere (`virDomainNumatuneSet`).

    :raises VirtError: INVALID_ARG or CONFIG_UNSUPPORTED.
    """
    refuse_mode(given)
    mode = int(given.get("numa_mode", numa_mode(definition)))
    where = nodes_of(str(given["numa_nodeset"])) if "numa_nodeset" in given else numa_nodes(definition)
    if not where:
        detail = "nodeset for NUMA memory tuning must be set if 'placement' is 'static'"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)
    node = Node("numatune")
    node.add("memory", {"mode": NUMA_MODES[mode], "nodeset": where})
    old = definition.numatune
    node.children += [child for child in old.children if child.tag != "memory"] if old is not None else []
    return definition.replace(numatune=node)
