"""Sizes of memory that QEMU takes: whole mebibytes (`qemuDomainAlignMemorySizes`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.definition.guest import Guest, number

MIB = 1024  # KiB


def align_memory(guest: Guest) -> None:
    """Round every piece of memory up, and the guest's total with it."""
    total = guest.root.need("memory")
    modules = [size for one in guest.all("memory") if (size := one.find("target/size")) is not None]
    initial = int(total.text) - sum(int(size.text) for size in modules)
    numa = guest.root.find("cpu/numa")
    cells = list(numa.all("cell")) if numa is not None else []
    for cell in cells:
        cell.attrs["memory"] = str(_up(number(cell, "memory")))
    if cells:
        initial = sum(number(cell, "memory") for cell in cells)
    for size in modules:
        _align(size)
    total.text = str(_up(initial) + sum(int(size.text) for size in modules))
    maximum = guest.root.find("maxMemory")
    if maximum is not None:
        _align(maximum)


def _align(size: Node) -> None:
    size.text = str(_up(int(size.text)))


def _up(kib: int) -> int:
    return -(-kib // MIB) * MIB
