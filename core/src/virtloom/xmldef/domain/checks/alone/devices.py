"""The smaller devices: displays and their sound, cards, folders, inputs (`domain_validate.c`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.alone.common import positive, refuse, refuse_virtio_options
from virtloom.xmldef.domain.checks.refusal import malformed, unsupported
from virtloom.xmldef.domain.definition import Domain

IOMMU_OPTIONS = ("intremap", "caching_mode", "eim", "iotlb", "aw_bits")


def video(node: Node, domain: Domain) -> None:
    """`virDomainVideoDefValidate`"""
    kind, model = node.value("model", "type"), node.find("model") or Node("model")
    helped = node.value("driver", "name") == "vhostuser"
    resolution = model.find("resolution")
    refuse(
        (
            (helped and kind != "virtio", "'vhostuser' driver is only supported with 'virtio' device"),
            (not helped and model.value("acceleration", "rendernode"),
             "unsupported rendernode accel attribute without 'vhostuser'"),
            (resolution is not None and not all(positive(resolution, "", name) for name in ("x", "y")),
             "video resolution values must be greater than 0"),
            *((kind != "qxl" and positive(model, "", name), f"{name} attribute only supported for video type qxl")
              for name in ("ram", "vram64", "vgamem")),
            (kind == "ramfb" and node.find("address"), "address not supported for video type ramfb"),
        )
    )  # fmt: skip
    if kind != "virtio":
        refuse_virtio_options(node)


def vsock(node: Node, domain: Domain) -> None:
    """`virDomainVsockDefValidate`"""
    if node.value("cid", "address") in ("1", "2"):
        raise unsupported("guest CIDs must be >= 3")
    if node.get("model") in (None, "default"):
        refuse_virtio_options(node)


def input_source(node: Node, domain: Domain) -> None:
    """Devices of the host's are for those that pass them on."""
    if node.get("type") in ("mouse", "tablet", "keyboard") and node.value("source", "evdev"):
        raise unsupported("setting source evdev path only supported for passthrough input devices")


def shared_memory(node: Node, domain: Domain) -> None:
    """`virDomainShmemDefValidate`"""
    name = node.get("name") or ""
    if "/" in name:
        raise unsupported("shmem name cannot include '/' character")
    if name in (".", ".."):
        raise unsupported(f"shmem name cannot be equal to '{name}'")


def filesystem(node: Node, domain: Domain) -> None:
    """`virDomainFSDefValidate`"""
    target, source = node.find("target"), node.find("source")
    if target is None or not target.get("dir"):
        shown = None if source is None else next(iter(source.attrs.values()), None)
        raise VirtError(ErrorCode.NO_TARGET, shown, ErrorDomain.DOMAIN)
    if positive(node, "boot", "order") and node.value("driver", "type") != "virtiofs":
        raise unsupported("boot order is only supported for virtiofs")


def _require_audio(id: str | None, domain: Domain) -> None:
    if id not in (None, "0") and all(one.get("id") != id for one in domain.parts.audios):
        raise malformed(f"no audio device with ID {id}")


def sound(node: Node, domain: Domain) -> None:
    """`virDomainSoundDefValidate`"""
    _require_audio(node.value("audio", "id"), domain)


def audio(node: Node, domain: Domain) -> None:
    """`virDomainAudioDefValidate`"""
    if sum(one.get("id") == node.get("id") for one in domain.parts.audios) > 1:
        raise malformed(f"audio ID {node.get('id')} is used multiple times")


def display(node: Node, domain: Domain) -> None:
    """`virDomainGraphicsDefValidate`"""
    kind = node.get("type")
    if kind in ("vnc", "spice", "rdp"):
        for listen in node.all("listen"):
            if listen.get("type") == "network" and not listen.get("network"):
                raise malformed("'network' attribute is required for listen type 'network'")
    if kind == "vnc":
        _require_audio(node.value("audio", "id"), domain)
    if kind == "dbus" and node.get("p2p") == "yes" and node.get("address"):
        raise malformed("D-Bus p2p with an address is not supported")


def iommu(node: Node, domain: Domain) -> None:
    """`virDomainIOMMUDefValidate`"""
    model, driver = node.get("model"), node.find("driver")
    options = {} if driver is None else driver.attrs
    if model != "intel" and any(options.get(name, "0") != "0" for name in IOMMU_OPTIONS):
        raise malformed(f"iommu model '{model}' doesn't support additional attributes")
    if model != "virtio" and node.find("address") is not None:
        raise malformed(f"iommu model '{model}' can't have address")


def tpm(node: Node, domain: Domain) -> None:
    """`virDomainTPMDevValidate`"""
    backend = node.find("backend") or Node("backend")
    banks = backend.find("active_pcr_banks")
    emulated = backend.get("type") == "emulator"
    if emulated and banks is not None and banks.children and backend.get("version") != "2.0":
        raise malformed("<active_pcr_banks/> requires TPM version '2.0'")
    if backend.get("type") != "external":
        return
    source = backend.find("source") or Node("source")
    if source.get("type") != "unix":
        raise malformed("only source type 'unix' is supported for external TPM device")
    if source.get("mode") == "bind":
        raise malformed("only 'client' mode is supported for external TPM device")
    if not source.get("path"):
        raise malformed("missing socket path for external TPM device")


def smartcard(node: Node, domain: Domain) -> None:
    """`virDomainSmartcardDefValidate`"""
    if node.value("address", "type") not in (None, "ccid"):
        raise unsupported("Controllers must use the 'ccid' address type")


def redirection(node: Node, domain: Domain) -> None:
    """`virDomainRedirdevDefValidate`"""
    usb = [one for one in domain.parts.controllers if one.type == "usb"]
    if node.get("bus") in (None, "usb") and any(one.model == "none" for one in usb):
        raise unsupported("cannot add redirected USB device: USB is disabled for this domain")
