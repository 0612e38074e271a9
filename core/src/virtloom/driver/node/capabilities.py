"""What the host can do, as the `<host>` element of `virConnectGetCapabilities`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from virtloom.driver.node import topology
from virtloom.driver.node.kernel import SYSTEM, members, number, text
from virtloom.driver.node.uuid import host_uuid
from virtloom.xmldef.document import Node
from virtloom.xmldef.values import cpus


def host_element(models: Sequence[tuple[str, str]] = (("none", "0"),), transports: Sequence[str] = ()) -> Node:
    """The host, in libvirt's order.

    :param models: the security models with their domains of interpretation.
    :param transports: how guests migrate to and from this host, if they do.
    """
    host = Node("host")
    host.add("uuid", text=host_uuid())
    cpu = host.add("cpu")
    cpu.add("arch", text=os.uname().machine)
    sizes = topology.page_sizes()
    for size in sizes:
        cpu.add("pages", {"unit": "KiB", "size": str(size)})
    _power_management(host)
    host.add("iommu", {"support": "yes" if _has_iommu() else "no"})
    if transports:
        migration = host.add("migration_features")
        migration.add("live")
        ways = migration.add("uri_transports")
        for transport in transports:
            ways.add("uri_transport", text=transport)
    host.children.append(topology_element(sizes))
    if banks := list(_banks()):
        host.add("cache").children += banks
    for model, doi in models:
        secmodel = host.add("secmodel")
        secmodel.add("model", text=model)
        secmodel.add("doi", text=doi)
    return host


def _power_management(host: Node) -> None:
    """The ways in which the host can sleep, where its firmware has some."""
    states = text(Path("/sys/power/state")).split()
    power = host.add("power_management")
    for state, tag in (("mem", "suspend_mem"), ("disk", "suspend_disk")):
        if state in states:
            power.add(tag)


def _has_iommu() -> bool:
    groups = Path("/sys/kernel/iommu_groups")
    return groups.is_dir() and any(groups.iterdir())


def topology_element(sizes: Sequence[int]) -> Node:
    """The cells with their memory, pages, distances and processors."""
    node = Node("topology")
    found = topology.cells()
    every = node.add("cells", {"num": str(len(found))})
    for cell in found:
        element = every.add("cell", {"id": str(cell.id)})
        element.add("memory", {"unit": "KiB"}, str(cell.memory))
        huge = {size: topology.pages(cell.id, size) for size in sizes[1:]}
        small = (cell.memory - sum(size * count for size, count in huge.items())) // sizes[0]
        for size, count in {sizes[0]: small, **huge}.items():
            element.add("pages", {"unit": "KiB", "size": str(size)}, str(count))
        if cell.distances:
            distances = element.add("distances")
            for other, value in zip(found, cell.distances, strict=False):
                distances.add("sibling", {"id": str(other.id), "value": str(value)})
        _processors(element, cell)
    return node


def _processors(element: Node, cell: topology.Cell) -> None:
    node = element.add("cpus", {"num": str(len(cell.cpus))})
    for one in cell.cpus:
        place = {"socket_id": str(one.socket), "die_id": str(one.die), "core_id": str(one.core)}
        node.add("cpu", {"id": str(one.id), **place, "siblings": cpus.format(one.siblings)})


def _banks() -> list[Node]:
    """The caches of the third level, each once (`virCapabilitiesInitCaches`)."""
    found: dict[tuple[int, int], Node] = {}
    for cpu in sorted(topology.online()):
        for place in sorted((SYSTEM / f"cpu/cpu{cpu}/cache").glob("index*")):
            level, id = number(place / "level"), number(place / "id")
            if level < 3 or (level, id) in found:
                continue
            kind = {"Data": "data", "Instruction": "code", "Unified": "both"}.get(text(place / "type"), "both")
            size, unit = _pretty(text(place / "size"))
            shared = cpus.format(members(place / "shared_cpu_list"))
            attrs = {"id": str(id), "level": str(level), "type": kind, "size": size, "unit": unit, "cpus": shared}
            found[level, id] = Node("bank", attrs)
    return list(found.values())


def _pretty(size: str) -> tuple[str, str]:
    """A size as the kernel writes it, in the largest unit that is exact (`virFormatIntPretty`)."""
    value, unit = int(size.rstrip("KM") or 0), "MiB" if size.endswith("M") else "KiB"
    if unit == "KiB" and value % 1024 == 0:
        return str(value >> 10), "MiB"
    return str(value), unit


def guest_element(os_type: str, arch: str, emulator: str, domain_type: str) -> Node:
    """A kind of guest that a driver runs."""
    guest = Node("guest")
    guest.add("os_type", text=os_type)
    machine = guest.add("arch", {"name": arch})
    machine.add("wordsize", text="64" if arch in ("x86_64", "aarch64", "ppc64le", "riscv64", "s390x") else "32")
    machine.add("emulator", text=emulator)
    machine.add("domain", {"type": domain_type})
    return guest


def hostname() -> str:
    """The host's full name (`virGetHostname`)."""
    return os.uname().nodename
