"""Places on the PCI, chosen in libvirt's order (`qemuDomainAssignPCIAddresses`).

Two passes: the first finds out how many buses are needed and adds their controllers, the second gives the places.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.definition.addresses.bridges import complete_bridges
from virtloom_qemu.definition.addresses.chipset import fixed_places, is_integrated
from virtloom_qemu.definition.addresses.connections import PCI, PCIE, needs_of
from virtloom_qemu.definition.addresses.place import place_of, put_place
from virtloom_qemu.definition.addresses.slots import Bus, Connect, PciAddress, Slots
from virtloom_qemu.definition.controllers import add_controller
from virtloom_qemu.definition.guest import Guest, has_pci, number, wants_pci

# Functions of the parts of a USB 2 controller, which share a slot.
USB2_FUNCTIONS = {"ich9-ehci1": 7, "ich9-uhci1": 0, "ich9-uhci2": 1, "ich9-uhci3": 2}
ROOTS = ("pci-root", "pcie-root")


def pci_addresses(guest: Guest) -> None:
    """Give every device of the PCI its place, and add the controllers that this needs.

    :raises VirtError: XML_ERROR for places in the document that there are not or that are taken twice.
    """
    buses = guest.controllers("pci")
    if not buses:
        if guest.machine is None and guest.is_x86 and any(wants_pci(device) for device in _in_order(guest)):
            raise VirtError(ErrorCode.XML_ERROR, "No PCI buses available", ErrorDomain.DOMAIN)
        return
    highest = max(number(one, "index") for one in buses)
    planned = _Assignment(guest, highest + 1, growing=True)
    planned.run()
    if highest == 0 and len(planned.slots.buses) > 1 and guest.has_pcie:
        planned.slots.take_next(PCIE)  # one port more, to plug something in later
    _add_controllers(guest, planned.slots)
    _Assignment(guest, len(planned.slots.buses), growing=False).run()
    _multifunction(guest)
    complete_bridges(guest)


def _add_controllers(guest: Guest, slots: Slots) -> None:
    """A controller for each bus that was added; each takes a place itself, which may need a bus more."""
    index, pcie = 1, guest.has_pcie
    given = {number(one, "index") for one in guest.controllers("pci")}
    while index < len(slots.buses):
        if index not in given:
            model = slots.buses[index].model
            controller = add_controller(guest.devices, "pci", index, model)
            slots.take_next(needs_of(controller, pcie))
        index += 1


class _Assignment:
    """One pass over the devices."""

    def __init__(self, guest: Guest, count: int, growing: bool) -> None:
        self._guest = guest
        self._pcie = guest.has_pcie
        self.slots = Slots(self._buses(count), growing)

    def _buses(self, count: int) -> list[Bus]:
        models = {number(one, "index"): one for one in self._guest.controllers("pci")}
        other = "pcie-root-port" if self._pcie else "pci-bridge"
        made = []
        for index in range(count):
            one = models.get(index)
            if one is None:
                made.append(Bus.of(other if index else "pci-root"))
            else:
                made.append(Bus.of(one.get("model") or "", one.value("target", "hotplug") != "off"))
        return made

    def run(self) -> None:
        """Take what the document says and what the chipset has, then give the others their places."""
        for device in self._guest.placed():
            if has_pci(device) and not is_integrated(device):
                self.slots.reserve(place_of(device), needs_of(device, self._pcie) or Connect.PCI)
        fixed_places(self._guest, self.slots)
        if self.slots.growing and not self._pcie and not all(bus.is_full for bus in self.slots.buses):
            self.slots.take_next(PCI)  # room for a bridge, to plug something in later
        for device in _in_order(self._guest):
            if wants_pci(device) and (needs := needs_of(device, self._pcie)):
                self._place(device, needs)

    def _place(self, device: Node, needs: int) -> None:
        function = USB2_FUNCTIONS.get(device.get("model") or "") if device.get("type") == "usb" else None
        other = None if function is None else self._companion(device)
        if other is not None and function is not None:
            place = PciAddress(other.bus, other.slot, function)
            self.slots.reserve(place, needs)
        else:
            place = self.slots.take_next(needs, function)
        if not self.slots.growing:
            put_place(device, place, multifunction=function == 0)

    def _companion(self, device: Node) -> PciAddress | None:
        """Where the other parts of a USB 2 controller sit."""
        others = self._guest.controllers("usb", number(device, "index"))
        placed = (one for one in others if one.get("model") in USB2_FUNCTIONS and has_pci(one))
        return next((place_of(one) for one in placed), None)


def _in_order(guest: Guest) -> Iterator[Node]:
    """The devices, in the order in which they get places (`qemuDomainAssignDevicePCISlots`)."""
    devices = defaultdict(list, guest.by_kind())
    controllers, interfaces = devices["controller"], devices["interface"]
    yield from (one for one in controllers if one.get("type") == "pci" and one.get("model") not in ROOTS)
    yield from devices["filesystem"]
    yield from (one for one in interfaces if one.get("type") != "hostdev")
    yield from devices["sound"]
    yield from (one for one in controllers if one.get("type") != "pci" and not _is_first_ide(one))
    yield from devices["disk"]
    yield from devices["hostdev"]
    yield from (one for one in interfaces if one.get("type") == "hostdev")
    for tag in ("memballoon", "rng", "watchdog", "video", "shmem", "input", "serial", "iommu", "vsock", "memory"):
        yield from devices[tag]


def _is_first_ide(controller: Node) -> bool:
    return controller.get("type") == "ide" and not number(controller, "index")


def _multifunction(guest: Guest) -> None:
    """Whoever has function 0 of a slot that others share says so (`virDomainPCIAddressSetAllMulti`)."""
    placed = [(device, place_of(device)) for device in guest.placed() if has_pci(device)]
    shared = {(place.bus, place.slot) for _, place in placed if place.function}
    for device, place in placed:
        if not place.function and (place.bus, place.slot) in shared:
            device.need("address").attrs.setdefault("multifunction", "on")
