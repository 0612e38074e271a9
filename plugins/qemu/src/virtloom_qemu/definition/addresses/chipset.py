"""What a machine has in fixed places (`qemuDomainValidateDevicePCISlotsChipsets`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.definition.addresses.connections import PCI, needs_of
from virtloom_qemu.definition.addresses.place import place_of, put_place
from virtloom_qemu.definition.addresses.slots import Connect, PciAddress, Slots
from virtloom_qemu.definition.guest import Guest, has_pci, number, place_type, wants_pci

WITHOUT_SLOT = ("none", "ramfb")
PIIX3_USB = ("piix3-uhci", None)
IDE = PciAddress(0, 1, 1)
USB = PciAddress(0, 1, 2)
SATA = PciAddress(0, 0x1F, 2)
USB2_SLOTS = (0x1D, 0x1A)
DMI_SLOT = 0x1E
SOUND_SLOT = 0x1B


def fixed_places(guest: Guest, slots: Slots) -> None:
    """Give what belongs to the chipset its place, and keep the chipset's own places free of others.

    :raises VirtError: INTERNAL_ERROR for a device of the chipset that was given another place.
    """
    if guest.is_i440fx:
        _piix3(guest, slots)
    elif guest.is_q35:
        _ich9(guest, slots)


def is_integrated(device: Node) -> bool:
    """Whether a device is a controller in its fixed place on the PIIX3, which nobody else can take."""
    if device.tag != "controller" or number(device, "index"):
        return False
    if device.get("type") == "ide":
        return has_pci(device) and place_of(device) == IDE
    is_piix3 = device.get("type") == "usb" and device.get("model") in PIIX3_USB
    return is_piix3 and has_pci(device) and place_of(device) == USB


def _piix3(guest: Guest, slots: Slots) -> None:
    for one in guest.all("controller"):
        if number(one, "index"):
            continue
        if one.get("type") == "ide":
            _insist(one, IDE, "Primary IDE controller must have PCI address 0:0:1.1")
        elif one.get("type") == "usb" and one.get("model") in PIIX3_USB:
            _insist(one, USB, "PIIX3 USB controller at index 0 must have PCI address 0:0:1.2")
        else:
            continue
        if slots.buses:
            slots.reserve(place_of(one), PCI)
    if slots.buses:
        for function in (0, 3):  # the ISA bridge and the power management
            slots.reserve(PciAddress(0, 1, function), PCI)
    _primary_video(guest, slots, 2, PCI)


def _ich9(guest: Guest, slots: Slots) -> None:
    needs = Connect.PCIE
    for one in guest.all("controller"):
        kind, model = one.get("type"), one.get("model")
        if kind == "sata" and not number(one, "index"):
            _insist(one, SATA, "Primary SATA controller must have PCI address 0:0:1f.2")
            continue
        if place_type(one) is not None:
            continue
        if kind == "usb" and model == "ich9-uhci1":
            _prefer(one, slots, USB2_SLOTS, multifunction=True)
        elif kind == "pci" and model == "dmi-to-pci-bridge":
            _prefer(one, slots, (DMI_SLOT,))
    if slots.buses:
        for function in (0, 3):  # the ISA bridge and the SMBus
            slots.reserve(PciAddress(0, 0x1F, function), needs)
    _primary_video(guest, slots, 1, needs)
    for sound in guest.all("sound"):
        if sound.get("model") == "ich9" and wants_pci(sound):
            _prefer(sound, slots, (SOUND_SLOT,))
            break


def _insist(device: Node, place: PciAddress, detail: str) -> None:
    if has_pci(device) and place_of(device) != place:
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
    if wants_pci(device):
        put_place(device, place)


def _prefer(device: Node, slots: Slots, numbers: tuple[int, ...], multifunction: bool = False) -> None:
    """Give a device the first of a few slots on the root bus that is free, if one is."""
    place = next((place for place in (PciAddress(0, slot) for slot in numbers) if not slots.in_use(place)), None)
    if place is not None:
        slots.reserve(place, Connect.PCIE)
        put_place(device, place, multifunction)


def _primary_video(guest: Guest, slots: Slots, slot: int, needs: int) -> None:
    """The first card sits where QEMU always put it, unless another device is there."""
    cards = guest.all("video")
    if not cards or cards[0].value("model", "type") in WITHOUT_SLOT or not wants_pci(cards[0]):
        return
    place = PciAddress(0, slot)
    if not slots.in_use(place):
        slots.reserve(place, needs)
        put_place(cards[0], place)
        return
    place = slots.take_next(needs_of(cards[0], guest.has_pcie))
    if not slots.growing:
        put_place(cards[0], place)
