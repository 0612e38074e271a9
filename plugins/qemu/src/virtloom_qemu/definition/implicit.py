"""The devices that every PC has, though nobody asked for them (`qemuDomainDefAddDefaultDevices`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom_qemu.definition.controllers import add_controller
from virtloom_qemu.definition.guest import Guest


def implicit_devices(guest: Guest) -> None:
    """Add what the machine has from the start.

    :raises VirtError: XML_ERROR for a root bus of another kind than the machine's.
    """
    if guest.is_x86:
        _inputs(guest)
        _usb(guest)
        if guest.is_q35 and not guest.controllers("sata", 0):
            add_controller(guest.devices, "sata", 0)
        _root(guest)
    if guest.devices.find("memballoon") is None:
        guest.devices.add("memballoon", {"model": "virtio"})
    if guest.devices.find("audio") is None:
        _audio(guest)
    if guest.devices.find("video") is None and guest.devices.find("graphics") is not None:
        guest.devices.add("video")


def _inputs(guest: Guest) -> None:
    for kind in ("mouse", "keyboard"):
        present = (one for one in guest.all("input") if one.get("type") == kind)
        if not any(one.get("bus") in (None, "ps2") for one in present):
            guest.devices.add("input", {"type": kind, "bus": "ps2"})


def _usb(guest: Guest) -> None:
    if guest.controllers("usb", 0) or guest.machine_name == "isapc":
        return
    model = None
    if guest.is_q35:
        on_pcie = (("qemu-xhci", "qemu-xhci"), ("nec-xhci", "nec-usb-xhci"))
        model = next((model for model, device in on_pcie if guest.emulator.has(device)), None)
        if model is None:
            return
    add_controller(guest.devices, "usb", 0, model)


def _root(guest: Guest) -> None:
    wanted = "pcie-root" if guest.is_q35 else "pci-root" if guest.is_i440fx else None
    if wanted is None:
        return
    given = guest.controllers("pci", 0)
    if not given:
        add_controller(guest.devices, "pci", 0, wanted)
    elif given[0].get("model") != wanted:
        detail = (
            f"The PCI controller with index='0' must be model='{wanted}' for this machine type, "
            f"but model='{given[0].get('model')}' was found instead"
        )
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.QEMU)


def _audio(guest: Guest) -> None:
    """Sound goes to the display, if that can play it (`qemuDomainDefCreateDefaultAudioBackend`)."""
    displays = [one.get("type") for one in guest.all("graphics")]
    deciding = [kind for kind in displays if kind in ("vnc", "spice", "sdl")]
    if displays and (not deciding or deciding[-1] == "sdl"):
        return  # the display's own way to the host's sound is left to QEMU
    guest.devices.add("audio", {"id": "1", "type": "spice" if deciding[-1:] == ["spice"] else "none"})


def cards(guest: Guest) -> None:
    """A card of no kind is of the kind that the machine has had from the start (`qemuDomainDefaultVideoDevice`)."""
    default = "cirrus" if guest.emulator.has("cirrus-vga") else "vga"
    for video in guest.all("video"):
        model = video.need("model")
        if model.get("type") in (None, "default"):
            model.attrs["type"] = default
