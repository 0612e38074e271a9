"""The order in which libvirt writes what stands in the elements that are kept as nodes."""

from __future__ import annotations

from virtloom.xmldef.document import Node

ORDER: dict[str, tuple[str, ...]] = {
    "memoryBacking": ("hugepages", "nosharepages", "locked", "source", "access", "allocation", "discard"),
    "memtune": ("hard_limit", "soft_limit", "min_guarantee", "swap_hard_limit"),
    "cputune": (
        "shares", "period", "quota", "global_period", "global_quota", "emulator_period", "emulator_quota",
        "iothread_period", "iothread_quota", "vcpupin", "emulatorpin", "iothreadpin", "vcpusched", "iothreadsched",
        "emulatorsched", "cachetune", "memorytune",
    ),
    "cachetune": ("cache", "monitor"),
    "memorytune": ("node", "monitor"),
    "numatune": ("memory", "memnode"),
    "features": (
        "acpi", "apic", "pae", "hap", "viridian", "privnet", "hyperv", "kvm", "pvspinlock", "capabilities", "pmu",
        "vmport", "gic", "smm", "ioapic", "hpt", "vmcoreinfo", "htm", "nested-hv", "msrs", "ccf-assist", "xen", "cfpc",
        "sbbc", "ibs", "tcg",
    ),
    "cpu": ("model", "vendor", "topology", "cache", "maxphysaddr", "feature", "numa"),
    "backingStore": ("format", "source", "backingStore"),
}  # fmt: skip


def arrange(node: Node) -> None:
    """Put the elements in a node, and in all below it, into libvirt's order; unknown ones are left out."""
    order = ORDER.get(node.tag)
    if order is not None:
        known = [child for child in node.children if child.tag in order]
        node.children = sorted(known, key=lambda child: order.index(child.tag))
    for child in node.children:
        if child.tag != "metadata":
            arrange(child)
