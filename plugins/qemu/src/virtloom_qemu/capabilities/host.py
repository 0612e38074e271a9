"""The host and the kinds of guest that it runs (`virConnectGetCapabilities`)."""

from __future__ import annotations

from collections.abc import Iterator

from virtloom.driver.node.capabilities import guest_element, host_element
from virtloom.xmldef.document import Node
from virtloom_qemu.capabilities.cache import EmulatorCache
from virtloom_qemu.capabilities.emulator import Emulator, Machine

TRANSPORTS = ("tcp", "rdma")
X86 = ("x86_64", "i686")


def host_capabilities(emulators: EmulatorCache, label: str | None) -> Node:
    """The whole document. With no lock held: an emulator that is seen for the first time is asked what it can do.

    :param label: whom guests run as that do not say; None where they run as the daemon's own user.
    """
    root = Node("capabilities")
    models = [("none", "0")] if label is None else [("none", "0"), ("dac", "0")]
    host = host_element(models, transports=TRANSPORTS)
    if label is not None:
        for kind in ("kvm", "qemu"):
            host.children[-1].add("baselabel", {"type": kind}, label)
    root.children.append(host)
    for arch, path in emulators.installed().items():
        root.children.append(_guest(arch, emulators.lookup(path)))
    return root


def _guest(arch: str, emulator: Emulator) -> Node:
    guest = guest_element("hvm", arch, emulator.path, "qemu")
    place = guest.need("arch")
    kvm = [Node("domain", {"type": "kvm"})] if emulator.kvm and emulator.kvm_fault is None else []
    words = [child for child in place.children if child.tag != "domain"]
    place.children = [*words, *_machines(emulator), Node("domain", {"type": "qemu"}), *kvm]
    features = guest.add("features")
    if arch in (*X86, "aarch64"):
        features.add("acpi", {"default": "on", "toggle": "yes"})
    if arch in X86:
        features.add("apic", {"default": "on", "toggle": "no"})
    if arch == "i686":
        features.add("pae")
        features.add("nonpae")
    features.add("cpuselection")
    features.add("deviceboot")
    features.add("disksnapshot", {"default": "on", "toggle": "no"})
    return guest


def _machines(emulator: Emulator) -> Iterator[Node]:
    """Every machine by its alias, if it has one, and then by its own name."""
    for machine in sorted(emulator.machines.values(), key=lambda one: not one.is_default):
        if machine.alias is not None:
            yield _machine(machine, machine.alias)
        yield _machine(machine, machine.name)


def _machine(machine: Machine, name: str) -> Node:
    attrs = {} if name == machine.name else {"canonical": machine.name}
    attrs["maxCpus"] = str(machine.cpus_max)
    if machine.deprecated:
        attrs["deprecated"] = "yes"
    return Node("machine", attrs, name)
