"""Sizes of memory that QEMU takes: whole mebibytes, two for a module (`qemuDomainAlignMemorySizes`)."""

from __future__ import annotations

from virtloom_qemu.definition.guest import Guest, number

MIB = 1024  # KiB
MODULE = 2 * MIB


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
        size.text = str(_up(int(size.text), MODULE))
    total.text = str(_up(initial) + sum(int(size.text) for size in modules))
    maximum = guest.root.find("maxMemory")
    if maximum is not None:
        maximum.text = str(_up(int(maximum.text)))


def _up(kib: int, whole: int = MIB) -> int:
    return -(-kib // whole) * whole
