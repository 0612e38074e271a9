"""NUMA cells of the guest (`qemuBuildNumaCommandLine`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.guest.memory import (
    KIB,
    Wanted,
    add_backend_object,
    memory_backend,
    preallocate,
    refuse_missing_nodes,
)
from virtloom_qemu.command.line import CommandLine
from virtloom_qemu.definition.guest import Guest, number

LOCAL, REMOTE = 10, 20
HIERARCHY = ("memory", "first-level", "second-level", "third-level")
ASSOCIATIVITY = {"none": "none", "direct": "direct", "full": "complex"}
POLICY = {"none": "none", "writeback": "write-back", "writethrough": "write-through"}


def add_numa(guest: Guest, context: Context, line: CommandLine) -> None:
    """Cells with their memory and processors, and how far they are apart.

    :raises VirtError: CONFIG_UNSUPPORTED if no cell has processors.
    """
    numa = guest.root.find("cpu/numa")
    if numa is None:
        return
    refuse_missing_nodes(guest)
    cells = list(numa.all("cell"))
    backends = [memory_backend(guest, context, _wanted(cell)) for cell in cells]
    heterogeneous = numa.find("interconnects") is not None or any(cell.find("cache") for cell in cells)
    machine = guest.machine
    needed = heterogeneous or any(asked for _, asked in backends) or not (machine is not None and machine.numa_mem)
    first = next((cell.get("id") for cell in cells if cell.get("cpus")), None)
    if first is None:
        detail = "At least one NUMA node has to have CPUs"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
    for cell, (props, _) in zip(cells, backends, strict=True):
        if needed:
            add_backend_object(line, f"ram-node{cell.get('id')}", props)
        line.option("numa", _node(cell, needed, _initiator(numa, cell, first) if heterogeneous else None))
    if not needed:
        preallocate(guest, line)
    _distances(cells, line)
    if heterogeneous:
        _interconnects(numa, line)
        for cell in cells:
            _caches(cell, line)


def _wanted(cell: Node) -> Wanted:
    return Wanted(f"ram-node{cell.get('id')}", number(cell, "memory"), cell=number(cell, "id"))


def _node(cell: Node, backed: bool, initiator: str | None) -> str:
    parts = [f"node,nodeid={cell.get('id')}"]
    parts += [f"cpus={run}" for run in (cell.get("cpus") or "").split(",") if run]
    if initiator is not None:
        parts.append(f"initiator={initiator}")
    parts.append(f"memdev=ram-node{cell.get('id')}" if backed else f"mem={number(cell, 'memory') // KIB}")
    return ",".join(parts)


def _initiator(numa: Node, cell: Node, first: str) -> str:
    """The cell whose processors reach a cell's memory best (`virDomainNumaGetNodeInitiator`).

    :param first: the cell that it is if nothing is said of any.
    """
    if cell.get("cpus"):
        return cell.get("id") or first
    holder = numa.find("interconnects") or Node("interconnects")
    here = [one for one in holder.children if one.get("target") == cell.get("id")]
    latencies = [one for one in here if one.tag == "latency"]
    if latencies:
        return min(latencies, key=lambda one: number(one, "value")).get("initiator") or first
    if here:
        return max(here, key=lambda one: number(one, "value")).get("initiator") or first
    return first


def _distances(cells: list[Node], line: CommandLine) -> None:
    known = {cell.get("id"): cell.find("distances") for cell in cells}
    if not any(known.values()):
        return
    for here in cells:
        table = known[here.get("id")]
        said = {} if table is None else {one.get("id"): one.get("value") for one in table.all("sibling")}
        for there in cells:
            default = LOCAL if here is there else REMOTE
            value = said.get(there.get("id")) or default
            line.option("numa", f"dist,src={here.get('id')},dst={there.get('id')},val={value}")


def _interconnects(numa: Node, line: CommandLine) -> None:
    holder = numa.find("interconnects")
    for one in holder.children if holder is not None else ():
        ends = f"initiator={one.get('initiator')},target={one.get('target')}"
        level = f"hierarchy={HIERARCHY[number(one, 'cache')]}"
        kind = f"{one.get('type')}-{one.tag}"
        unit = "K" if one.tag == "bandwidth" else ""
        line.option("numa", f"hmat-lb,{ends},{level},data-type={kind},{one.tag}={one.get('value')}{unit}")


def _caches(cell: Node, line: CommandLine) -> None:
    for cache in cell.all("cache"):
        size, width = cache.find("size"), cache.find("line")
        parts = [
            f"hmat-cache,node-id={cell.get('id')}",
            f"size={number(size, 'value')}K",
            f"level={cache.get('level')}",
            f"associativity={ASSOCIATIVITY[cache.get('associativity') or 'none']}",
            f"policy={POLICY[cache.get('policy') or 'none']}",
        ]
        parts += [f"line={number(width, 'value')}"] if width is not None else []
        line.option("numa", ",".join(parts))
