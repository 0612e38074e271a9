"""Processors: how many, of what kind, and which are there from the start."""

from __future__ import annotations

from itertools import pairwise

from virtloom.xmldef.document import Node
from virtloom_qemu.definition.checks.refusal import unsupported
from virtloom_qemu.definition.guest import Guest, number

WITHOUT_EIM = 255  # processors that interrupts reach in the older way


def model(guest: Guest) -> None:
    """What is said of the processor goes together (`qemuValidateDomainDefCpu`)."""
    cpu = guest.root.find("cpu")
    if cpu is None:
        return
    _address_bits(cpu)
    _cache(cpu)
    wanted = cpu.get("mode") == "host-passthrough" and cpu.get("migratable") == "on"
    if wanted and not guest.emulator.has("max-x86_64-cpu"):
        raise unsupported("Migratable attribute for host-passthrough CPU is not supported by this QEMU binary")


def _address_bits(cpu: Node) -> None:
    bits = cpu.find("maxphysaddr")
    if bits is None:
        return
    subject = "CPU maximum physical address"
    if bits.get("mode") == "passthrough" and bits.get("bits") is not None:
        raise unsupported(f"{subject} bits number specification cannot be used with mode='passthrough'")
    if bits.get("mode") == "emulate" and bits.get("bits") is None:
        raise unsupported(f"if using {subject} mode='emulate', bits= must be specified too")


def _cache(cpu: Node) -> None:
    cache = cpu.find("cache")
    if cache is None:
        return
    mode, level = cache.get("mode"), cache.get("level")
    if mode == "emulate" and level != "3":
        raise unsupported("CPU cache mode 'emulate' can only be used with level='3'")
    if mode == "passthrough" and cpu.get("mode") not in ("host-passthrough", "maximum"):
        detail = "CPU cache mode 'passthrough' can only be used with 'host-passthrough' / 'maximum' CPUs"
        raise unsupported(detail)
    if mode in ("passthrough", "disable") and level is not None:
        raise unsupported(f"unsupported CPU cache level for mode '{mode}'")


def count(guest: Guest) -> None:
    """No more processors than the machine can have, and as many as their arrangement says."""
    vcpu = guest.root.find("vcpu")
    total = int(vcpu.text.strip() or 1) if vcpu is not None else 1
    most = guest.machine.cpus_max if guest.machine is not None else 0
    if most and total > most:
        raise unsupported(f"Maximum CPUs greater than specified machine type limit {most}")
    shape = guest.root.find("cpu/topology")
    if shape is not None:
        arranged = 1
        for part in ("sockets", "dies", "cores", "threads"):
            arranged *= number(shape, part, 1)
        if arranged != total:
            raise unsupported("CPU topology doesn't match maximum vcpu count")
    if guest.is_x86 and total > WITHOUT_EIM:
        _many(guest)


def _many(guest: Guest) -> None:
    if not guest.is_q35:
        raise unsupported(f"more than {WITHOUT_EIM} vCPUs are only supported on q35-based machine types")
    if not any(one.value("driver", "eim") == "on" for one in guest.all("iommu")):
        detail = f"more than {WITHOUT_EIM} vCPUs require extended interrupt mode enabled on the iommu device"
        raise unsupported(detail)


def vcpus(guest: Guest) -> None:
    """The first processor is always there, and order is said of all or of none (`qemuDomainDefVcpusPostParse`)."""
    listed = guest.root.find("vcpus")
    entries = sorted(listed.all("vcpu"), key=lambda one: number(one, "id")) if listed is not None else []
    if not entries:
        return
    first = entries[0]
    if first.get("enabled") == "no":
        raise unsupported("vcpu 0 can't be offline")
    if first.get("hotpluggable") == "yes":
        raise unsupported("vcpu0 can't be hotpluggable")
    if number(first, "order") not in (0, 1):
        raise unsupported("vcpu0 must be enabled first")
    has_order = bool(number(first, "order"))
    for one in entries[1:]:
        if one.get("enabled") == "yes" and bool(number(one, "order")) != has_order:
            raise unsupported("all vcpus must have either set or unset order")
    _cold_first(entries)


def _cold_first(entries: list[Node]) -> None:
    for before, one in pairwise(entries):
        if one.get("hotpluggable") != "no":
            continue
        if before.get("hotpluggable") == "yes":
            raise unsupported("online non-hotpluggable vcpus need to be ordered prior to hotplugable vcpus")
        if number(before, "order") > number(one, "order"):
            raise unsupported("online non-hotpluggable vcpus must be ordered in ascending order")
