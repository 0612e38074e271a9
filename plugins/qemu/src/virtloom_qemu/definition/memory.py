"""How much memory the guest has, where its cells and its modules say (`virDomainDefPostParseMemory`)."""

from __future__ import annotations

from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.values import cpus
from virtloom_qemu.capabilities import Emulator
from virtloom_qemu.definition.guest import Guest, number


def memory(domain: Domain, emulator: Emulator) -> Domain:
    """What the NUMA cells and the modules have is what the guest has."""
    numa = domain.cpu.find("numa") if domain.cpu is not None else None
    cells = sum(number(cell, "memory") for cell in numa.all("cell")) if numa is not None else 0
    if not cells:
        return domain
    sizes = (one.find("target/size") for one in domain.parts.memories)
    modules = sum(int(size.text) for size in sizes if size is not None and size.text.isdigit())
    return domain.replace(memory=cells + modules)


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
