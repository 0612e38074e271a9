"""What a guest may have (`virConnectGetDomainCapabilities`): tables of the words that a client chooses from.

A word belongs to the list if the emulator knows one of the devices that stand beside it; "" always does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from virtloom.driver.hostdevs import Host
from virtloom.driver.node.cpu_models import model_names, vendor
from virtloom.xmldef.document import Node
from virtloom_qemu.capabilities.emulator import Emulator, Machine
from virtloom_qemu.capabilities.processor import host_model
from virtloom_qemu.capabilities.tpm import tpm_versions
from virtloom_qemu.firmware.descriptions import Firmware

Words = Mapping[str, str]

DEVICES: Mapping[str, Mapping[str, Words]] = {
    "graphics": {
        "type": {
            "sdl": "",
            "vnc": "",
            "spice": "spice-core spicevmc qxl",
            "egl-headless": "",
            "dbus": "",
        },
    },
    "video": {
        "modelType": {
            "vga": "VGA",
            "cirrus": "cirrus-vga",
            "vmvga": "vmware-svga",
            "qxl": "qxl",
            "virtio": "virtio-gpu-device",
            "none": "",
            "bochs": "bochs-display",
            "ramfb": "ramfb",
        },
    },
    "hostdev": {
        "mode": {"subsystem": ""},
        "startupPolicy": dict.fromkeys(("default", "mandatory", "requisite", "optional"), ""),
        "subsysType": {"usb": "qemu-xhci nec-usb-xhci piix3-usb-uhci pci-ohci", "pci": "", "scsi": ""},
        "capsType": {},
    },
    "rng": {
        "model": {
            "virtio": "virtio-rng-device",
            "virtio-transitional": "virtio-rng-pci-transitional",
            "virtio-non-transitional": "virtio-rng-pci-non-transitional",
        },
        "backendModel": {"random": "rng-random", "egd": "rng-egd", "builtin": "rng-builtin"},
    },
    "filesystem": {"driverType": {"path": "", "handle": "", "virtiofs": "vhost-user-fs-device"}},
}
TPM: Mapping[str, Words] = {
    "model": {
        "tpm-tis": "tpm-tis",
        "tpm-crb": "tpm-crb",
        "tpm-spapr": "tpm-spapr",
        "spapr-tpm-proxy": "spapr-tpm-proxy",
    },
    "backendModel": {"passthrough": "tpm-passthrough"},
}
FEATURES = (("vmcoreinfo", "vmcoreinfo"), ("genid", "vmgenid"), ("backingStoreInput", ""), ("backup", ""))


@dataclass(frozen=True)
class Choice:
    """What a client asks about.

    :ivar arch: of the guest; :ivar domain_type: `qemu` or `kvm`.
    """

    emulator: Emulator
    machine: Machine
    arch: str
    domain_type: str

    @property
    def builtin_ide(self) -> bool:
        """Whether its machine has an IDE controller of its own."""
        return self.machine.name.startswith("pc-i440fx")

    def known(self, words: Words) -> list[str]:
        """The words that hold for its emulator."""
        has = self.emulator.has
        return [word for word, devices in words.items() if not devices or any(has(one) for one in devices.split())]


def domain_capabilities(choice: Choice, installed: Sequence[Firmware]) -> Node:
    """The whole document.

    :param installed: the firmware for that machine.
    """
    root = Node("domainCapabilities")
    root.add("path", text=choice.emulator.path)
    root.add("domain", text=choice.domain_type)
    root.add("machine", text=choice.machine.name)
    root.add("arch", text=choice.arch)
    root.add("vcpu", {"max": str(choice.machine.cpus_max)})
    _supported(root, "iothreads", choice.emulator.has("iothread"))
    root.children += [_system(installed), _processor(choice)]
    memory = _supported(root, "memoryBacking", True)
    _enum(memory, "sourceType", ["file", "anonymous", "memfd"])
    root.children += [_devices(choice), _features(choice)]
    return root


def _supported(parent: Node, name: str, yes: bool) -> Node:
    return parent.add(name, {"supported": "yes" if yes else "no"})


def _enum(parent: Node, name: str, words: Iterable[str]) -> None:
    enum = parent.add("enum", {"name": name})
    for word in words:
        enum.add("value", text=word)


def _system(found: Sequence[Firmware]) -> Node:
    system = Node("os", {"supported": "yes"})
    _enum(system, "firmware", sorted({kind for one in found for kind in one.kinds}))
    loader = _supported(system, "loader", True)
    for path in dict.fromkeys(one.executable for one in found):
        loader.add("value", text=path)
    _enum(loader, "type", ["rom", "pflash"])
    _enum(loader, "readonly", ["yes", "no"])
    _enum(loader, "secure", ["yes", "no"] if any(one.secure for one in found) else ["no"])
    return system


def _processor(choice: Choice) -> Node:
    """The processors: the host's own under KVM alone, and those with a name."""
    cpu = Node("cpu")
    own = choice.domain_type == "kvm" and choice.emulator.kvm
    mode = cpu.add("mode", {"name": "host-passthrough", "supported": "yes" if own else "no"})
    if own:
        migratable = ["on", "off"] if choice.emulator.arch == "x86_64" else ["off"]
        _enum(mode, "hostPassthroughMigratable", migratable)
    mode = cpu.add("mode", {"name": "maximum", "supported": "yes"})
    _enum(mode, "maximumMigratable", ["on", "off"])
    like = host_model(choice.emulator, choice.arch, choice.domain_type)
    mode = cpu.add("mode", {"name": "host-model", "supported": "no" if like is None else "yes"})
    mode.children += [] if like is None else like.children
    known = set(model_names(choice.arch))
    models = choice.emulator.models(choice.domain_type)
    custom = cpu.add("mode", {"name": "custom", "supported": "yes" if known else "no"})
    for name, missing in models.items():
        if name in known:
            attrs = {"usable": "no" if missing else "yes", "vendor": vendor(name)}
            custom.add("model", attrs, name)
    return cpu


def _devices(choice: Choice) -> Node:
    devices = Node("devices")
    devices.children.append(_disk(choice))
    for name, enums in DEVICES.items():
        device = _supported(devices, name, True)
        for enum, words in enums.items():
            _enum(device, enum, choice.known(words))
    _enum(devices.need("hostdev"), "pciBackend", ["default", "vfio"] if _gives_pci(choice) else [])
    devices.children.append(_tpm(choice))
    redirection = _supported(devices, "redirdev", choice.emulator.has("usb-redir"))
    if choice.emulator.has("usb-redir"):
        _enum(redirection, "bus", ["usb"])
    channel = _supported(devices, "channel", True)
    spice = ["spicevmc"] if choice.known({"spicevmc": DEVICES["graphics"]["type"]["spice"]}) else []
    _enum(channel, "type", ["pty", "unix", *spice])
    return devices


def _gives_pci(choice: Choice) -> bool:
    """Whether the host can give its PCI devices to guests."""
    return Host().gives_pci and choice.emulator.has("vfio-pci")


def _disk(choice: Choice) -> Node:
    disk = Node("disk", {"supported": "yes"})
    pseries = choice.machine.name.startswith("pseries")
    _enum(disk, "diskDevice", ["disk", "cdrom", *([] if pseries else ["floppy"]), "lun"])
    buses = ["ide"] * choice.builtin_ide + ["fdc"] * (not pseries) + ["scsi", "virtio"]
    _enum(disk, "bus", buses + choice.known({"usb": "usb-storage", "sata": "ich9-ahci"}))
    _enum(disk, "model", choice.known(DISK_MODELS))
    return disk


DISK_MODELS: Words = {
    "virtio": "",
    "virtio-transitional": "virtio-blk-pci-transitional",
    "virtio-non-transitional": "virtio-blk-pci-non-transitional",
}


def _tpm(choice: Choice) -> Node:
    models, backends = choice.known(TPM["model"]), choice.known(TPM["backendModel"])
    tpm = Node("tpm", {"supported": "yes" if models else "no"})
    versions = tpm_versions()
    if models:
        _enum(tpm, "model", models)
        emulated = ["emulator", "external"] if versions and choice.emulator.has("tpm-emulator") else []
        _enum(tpm, "backendModel", [*backends, *emulated])
        if versions:
            _enum(tpm, "backendVersion", versions)
    return tpm


HYPERV = ("spinlocks", "vendor_id")  # what KVM plays; libvirt tells it of the emulator, whatever runs the guest


def _features(choice: Choice) -> Node:
    features = Node("features")
    _supported(features, "gic", False)
    for name, device in FEATURES:
        _supported(features, name, not device or choice.emulator.has(device))
    _supported(features, "sev", choice.emulator.sev)
    _supported(features, "sgx", False)
    hyperv = _supported(features, "hyperv", choice.emulator.kvm)
    if choice.emulator.kvm:
        _enum(hyperv, "features", HYPERV)
    return features
