"""The devices that every PC has, though nobody asked for them (`qemuDomainDefAddDefaultDevices`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Controller, Graphics, Input, Video, VideoModel
from virtloom.xmldef.domain.parts import Memballoon
from virtloom_qemu.capabilities import Emulator
from virtloom_qemu.definition.board import Board

Controllers = tuple[Controller, ...]
ON_PCIE = (("qemu-xhci", "qemu-xhci"), ("nec-xhci", "nec-usb-xhci"))  # a USB controller's model and its device


def implicit_devices(domain: Domain, emulator: Emulator) -> Domain:
    """Add what the machine has from the start.

    :raises VirtError: XML_ERROR for a root bus of another kind than the machine's.
    """
    parts, board = domain.parts, Board(domain, emulator)
    if board.is_x86:
        controllers = parts.controllers + _usb(parts.controllers, board, emulator)
        if board.is_q35 and not _numbered_0(controllers, "sata"):
            controllers += (Controller(type="sata", index=0),)
        domain = domain.with_devices(
            inputs=parts.inputs + _inputs(parts.inputs), controllers=controllers + _root(controllers, board)
        )
    return domain.with_devices(
        memballoon=parts.memballoon or Memballoon(model="virtio"),
        audios=parts.audios or _audio(parts.graphics),
        videos=parts.videos or ((Video(),) if parts.graphics else ()),
    )


def _numbered_0(controllers: Controllers, kind: str) -> Controllers:
    return tuple(one for one in controllers if one.type == kind and not one.index)


def _inputs(given: tuple[Input, ...]) -> tuple[Input, ...]:
    on_ps2 = {one.type for one in given if one.bus in (None, "ps2")}
    return tuple(Input(type=kind, bus="ps2") for kind in ("mouse", "keyboard") if kind not in on_ps2)


def _usb(given: Controllers, board: Board, emulator: Emulator) -> Controllers:
    if _numbered_0(given, "usb") or board.machine_name == "isapc":
        return ()
    if not board.is_q35:
        return (Controller(type="usb", index=0),)
    model = next((model for model, device in ON_PCIE if emulator.has(device)), None)
    return () if model is None else (Controller(type="usb", index=0, model=model),)


def _root(given: Controllers, board: Board) -> Controllers:
    wanted = "pcie-root" if board.is_q35 else "pci-root" if board.is_i440fx else None
    if wanted is None:
        return ()
    roots = _numbered_0(given, "pci")
    if not roots:
        return (Controller(type="pci", index=0, model=wanted),)
    if roots[0].model != wanted:
        detail = (
            f"The PCI controller with index='0' must be model='{wanted}' for this machine type, "
            f"but model='{roots[0].model}' was found instead"
        )
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.QEMU)
    return ()


def _audio(displays: tuple[Graphics, ...]) -> tuple[Node, ...]:
    """Sound goes to the display, if that can play it (`qemuDomainDefCreateDefaultAudioBackend`)."""
    deciding = [one.type for one in displays if one.type in ("vnc", "spice", "sdl")]
    if displays and (not deciding or deciding[-1] == "sdl"):
        return ()  # the display's own way to the host's sound is left to QEMU
    return (Node("audio", {"id": "1", "type": "spice" if deciding[-1:] == ["spice"] else "none"}),)


def cards(domain: Domain, emulator: Emulator) -> Domain:
    """A card of no kind is of the kind that the machine has had from the start (`qemuDomainDefaultVideoDevice`)."""
    default = "cirrus" if emulator.has("cirrus-vga") else "vga"

    def chosen(video: Video) -> Video:
        model = video.model or VideoModel()
        return video.replace(model=model.replace(type=default) if model.type in (None, "default") else model)

    return domain.with_devices(videos=tuple(map(chosen, domain.parts.videos)))
