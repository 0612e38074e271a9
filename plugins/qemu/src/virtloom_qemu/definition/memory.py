"""How much memory the guest has, where its cells and its modules say (`virDomainDefPostParseMemory`)."""

from __future__ import annotations

from virtloom.xmldef.values import cpus
from virtloom_qemu.definition.guest import Guest, number


def memory(guest: Guest) -> None:
    """What the NUMA cells and the modules have is what the guest has."""
    numa = guest.root.find("cpu/numa")
    cells = sum(number(cell, "memory") for cell in numa.all("cell")) if numa is not None else 0
    if cells:
        sizes = (one.find("target/size") for one in guest.all("memory"))
        modules = sum(int(size.text) for size in sizes if size is not None and size.text.isdigit())
        total = guest.root.need("memory")
        total.text = str(cells + modules)
        total.attrs.setdefault("unit", "KiB")


def numa_processors(guest: Guest) -> None:
    """Processors that are in no cell are in the first (`qemuDomainDefNumaCPUsPostParse`)."""
    numa, vcpu = guest.root.find("cpu/numa"), guest.root.find("vcpu")
    if numa is None or vcpu is None:
        return
    cells = list(numa.all("cell"))
    total = int(vcpu.text.strip() or 1)
    members = [cpus.parse(cell.attrs["cpus"]) if cell.get("cpus") else frozenset[int]() for cell in cells]
    if sum(map(len, members)) < total:
        others = frozenset[int]().union(*members[1:])
        cells[0].attrs["cpus"] = cpus.format(frozenset(range(total)) - others)
