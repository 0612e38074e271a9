"""An emulator for tests that read no binary: what QEMU 7.2 says of itself, cut down to what they need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.capabilities import Emulator, EmulatorCache
from virtloom_qemu.definition.rules import QemuRules
from virtloom_qemu.settings import Settings

PATH = "/usr/bin/qemu-system-x86_64"
DEVICES = (
    "piix3-usb-uhci", "qemu-xhci", "nec-usb-xhci", "lsi53c895a", "virtio-scsi-pci", "cirrus-vga", "VGA", "rtl8139",
    "virtio-vga", "virtio-gpu-pci", "ich9-usb-ehci1", "usb-kbd", "usb-storage", "isa-serial", "pci-serial",
    "usb-serial", "intel-iommu", "virtio-iommu-pci", "pc-dimm", "nvdimm", "usb-hub", "ich9-ahci", "pvpanic",
    "virtio-keyboard-pci", "virtio-mouse-pci", "virtio-tablet-pci", "rng-random", "rng-builtin", "rng-egd",
    "virtio-rng-pci", "bochs-display", "qxl", "vhost-user-fs-pci",
)  # fmt: skip


def machine(name: str, alias: str, default: bool) -> dict[str, Any]:
    """A machine, as `query-machines` tells of it."""
    return {
        "name": name,
        "alias": alias,
        "is-default": default,
        "cpu-max": 255,
        "hotpluggable-cpus": True,
        "numa-mem-supported": False,
        "default-ram-id": "pc.ram",
        "default-cpu-type": "qemu64-x86_64-cpu",
        "deprecated": False,
    }


def report(kvm: bool = False) -> dict[str, Any]:
    """The answers to the probe's questions."""
    model = {"name": "qemu64", "typename": "qemu64-x86_64-cpu", "unavailable-features": []}
    return {
        "query-version": {"qemu": {"major": 7, "minor": 2, "micro": 0}, "package": ""},
        "query-target": {"arch": "x86_64"},
        "query-kvm": {"enabled": kvm, "present": kvm},
        "query-machines": [machine("pc-i440fx-7.2", "pc", True), machine("pc-q35-7.2", "q35", False)],
        "query-cpu-definitions": [model],
        "query-commands": [],
        "query-command-line-options": [{"option": "sandbox", "parameters": []}],
        "qom-list-types": [{"name": name} for name in DEVICES],
        "cpu-models": {"tcg": [model]},
    }


def emulator(kvm: bool = False) -> Emulator:
    """An emulator that nobody has to install."""
    return Emulator.from_report(PATH, report(kvm))


class Emulators(EmulatorCache):
    """A cache that has one emulator, whatever is installed here."""

    def __init__(self) -> None:
        super().__init__(Path("/nonexistent"), lambda *argv, **options: (_ for _ in ()).throw(AssertionError))

    def default_path(self, arch: str) -> str | None:
        """See `EmulatorCache.default_path`."""
        return PATH if arch in ("x86_64", "i686") else None

    def lookup(self, path: str) -> Emulator:
        """See `EmulatorCache.lookup`."""
        return emulator()


def rules() -> QemuRules:
    """QEMU's rules, with an emulator that is not installed."""
    return QemuRules(Emulators(), Settings())


def document(devices: str = "", machine: str = "pc", more: str = "") -> str:
    """A guest's document with some devices and other elements."""
    return f"""<domain type='qemu'><name>web</name><uuid>5ef1e1b0-7a3f-4f4b-9d3e-7f4e2c6f2b10</uuid>
    <memory>262144</memory><os><type arch='x86_64' machine='{machine}'>hvm</type></os>{more}
    <devices>{devices}</devices></domain>"""


def guest(devices: str = "", machine: str = "pc", more: str = "") -> Domain:
    """A guest, completed."""
    return rules().parse(document(devices, machine, more))
