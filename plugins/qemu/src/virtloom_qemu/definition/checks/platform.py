"""The small devices: TPM, entropy, watchdog, balloon, panic device, shared folders and memory, IOMMU, cards."""

from __future__ import annotations

import os

from virtloom.xmldef.document import Node
from virtloom_qemu.capabilities.tpm import tpm_versions
from virtloom_qemu.definition.checks.characters import source_of
from virtloom_qemu.definition.checks.memory import shared
from virtloom_qemu.definition.checks.refusal import unsupported
from virtloom_qemu.definition.guest import Guest, number, place_type
from virtloom_qemu.settings import Settings

BALLOONS = ("none", "virtio", "virtio-transitional", "virtio-non-transitional")
RNG_BACKENDS = {"random": "rng-random", "egd": "rng-egd", "builtin": "rng-builtin"}
TPM_MODELS = {"tpm-tis": "tpm-tis", "tpm-crb": "tpm-crb"}
TPM_BACKENDS = {"passthrough": "tpm-passthrough", "emulator": "tpm-emulator", "external": "tpm-emulator"}


def panics(guest: Guest) -> None:
    """Panic devices are those of a PC."""
    for device in guest.all("panic"):
        model, place = device.get("model"), place_type(device)
        if model == "s390":
            raise unsupported("only S390 guests support panic device of model 's390'")
        if model == "pseries":
            raise unsupported("only pSeries guests support panic device of model 'pseries'")
        if model == "hyperv" and place is not None:
            raise unsupported("setting the panic device address is not supported for model 'hyperv'")
        if model == "isa" and place not in (None, "isa"):
            raise unsupported("panic is supported only with ISA address type")


def tpm_count(guest: Guest) -> None:
    """A guest has one TPM."""
    if len(guest.all("tpm")) > 1:
        raise unsupported("only a single TPM non-proxy device is supported")


def tpm(guest: Guest, settings: Settings, device: Node) -> None:
    """A TPM is one that QEMU and the host's emulator have."""
    model, path = device.get("model") or "", guest.emulator.path
    kind, version = device.value("backend", "type") or "", device.value("backend", "version")
    if kind == "emulator" and version is not None:
        if version not in tpm_versions():
            raise unsupported(f"TPM version '{version}' is not supported")
        if version == "1.2" and model == "tpm-crb":
            raise unsupported(f"Unsupported interface '{model}' for TPM 1.2")
    if kind not in TPM_BACKENDS or (kind != "passthrough" and not tpm_versions()):
        raise unsupported(f"The QEMU executable {path} does not support TPM backend type {kind}")
    if model not in TPM_MODELS or not guest.emulator.has(TPM_MODELS[model]):
        raise unsupported(f"The QEMU executable {path} does not support TPM model {model}")


def smartcard(guest: Guest, settings: Settings, device: Node) -> None:
    """There is one reader with one card."""
    place = device.find("address")
    if len(guest.all("smartcard")) > 1 or number(place, "controller") or number(place, "slot"):
        raise unsupported("this QEMU binary lacks multiple smartcard support")
    if device.get("mode") == "passthrough":
        source_of(guest, device)


def rng(guest: Guest, settings: Settings, device: Node) -> None:
    """Entropy comes from where QEMU can get it."""
    model = device.value("backend", "model") or "random"
    if not guest.emulator.has(RNG_BACKENDS.get(model, "")):
        raise unsupported(f"this qemu doesn't support the rng-{model} backend")
    backend = device.need("backend")
    if model == "egd":
        source_of(guest, backend)


def redirection(guest: Guest, settings: Settings, device: Node) -> None:
    """Redirected devices are on the USB."""
    source_of(guest, device)
    if device.get("bus") != "usb":
        raise unsupported(f"Redirection bus {device.get('bus')} is not supported by QEMU")


def watchdog(guest: Guest, settings: Settings, device: Node) -> None:
    """A watchdog sits where its model does."""
    model, place = device.get("model"), place_type(device)
    if model == "i6300esb" and place not in (None, "pci"):
        raise unsupported(f"{model} model of watchdog can go only on PCI bus")
    if model == "ib700" and place is not None:
        raise unsupported(f"{model} model of watchdog does not support configuring the address")
    if model == "diag288":
        raise unsupported(f"{model} model of watchdog is allowed for s390 and s390x only")


def balloon(guest: Guest, settings: Settings, device: Node) -> None:
    """A balloon is one over virtio."""
    model = device.get("model")
    if model not in BALLOONS:
        detail = f"Memory balloon device type '{model}' is not supported by this version of qemu"
        raise unsupported(detail)


def shmem(guest: Guest, settings: Settings, device: Node) -> None:
    """Shared memory is of a kind that QEMU has."""
    model = device.value("model", "type") or ""
    if model == "ivshmem" and not guest.emulator.has("ivshmem"):
        raise unsupported("ivshmem device is not supported with this QEMU binary")
    if not guest.emulator.has(model):
        raise unsupported(f"shmem model '{model}' is not supported by this QEMU binary")


def iommu(guest: Guest, settings: Settings, device: Node) -> None:
    """Translation of addresses is the newer chipset's."""
    model = device.get("model")
    about = f"IOMMU device: '{model}'"
    if model == "intel" and not guest.is_q35:
        raise unsupported(f"{about} is only supported with Q35 machines")
    if model == "smmuv3":
        raise unsupported(f"{about} is only supported with ARM Virt machines")
    if model == "virtio":
        if not guest.is_q35:
            raise unsupported(f"{about} is only supported with Q35 and ARM Virt machines")
        if guest.feature("acpi") is None:
            raise unsupported(f"{about} requires ACPI")
        if place_type(device) not in (None, "pci"):
            raise unsupported(f"{about} needs a PCI address")


def nvram(guest: Guest, settings: Settings, device: Node) -> None:
    """Such memory is another architecture's."""
    raise unsupported("nvram device is only supported for PPC64")


def filesystem(guest: Guest, settings: Settings, device: Node) -> None:
    """Folders are shared as QEMU or a virtiofsd can share them."""
    driver, access = device.value("driver", "type"), device.get("accessmode")
    has_modes = device.get("fmode") is not None or device.get("dmode") is not None
    if device.get("type") != "mount":
        raise unsupported("only supports mount filesystem type")
    if has_modes and access != "mapped":
        raise unsupported("fmode and dmode must be used with accessmode=mapped")
    if driver == "handle" and access != "passthrough":
        raise unsupported("only supports passthrough accessmode")
    if driver in ("loop", "nbd", "ploop"):
        raise unsupported("Filesystem driver type not supported")
    if driver == "virtiofs":
        _virtiofs(guest, device)


def _virtiofs(guest: Guest, device: Node) -> None:
    if device.value("source", "socket") is None:
        if device.find("readonly") is not None:
            raise unsupported("virtiofs does not yet support read-only mode")
        if os.geteuid() != 0:
            raise unsupported("virtiofs is not yet supported in session mode")
        if device.get("accessmode") != "passthrough":
            raise unsupported("virtiofs only supports passthrough accessmode")
        if device.value("driver", "wrpolicy") is not None:
            raise unsupported("virtiofs does not support wrpolicy")
    for named, what in (
        (device.get("model"), "model"),
        (device.value("driver", "format"), "format"),
        (device.get("multidevs"), "multidevs"),
    ):
        if named not in (None, "default"):
            raise unsupported(f"virtiofs does not support {what}")
    shared(guest, "virtiofs")
