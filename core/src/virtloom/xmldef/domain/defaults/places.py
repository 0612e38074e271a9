"""Where devices sit that were given no place."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Hostdev

SCSI_UNITS = 7  # of a bus, as far as nobody knows the controller's model


def smartcard_places(domain: Domain) -> Domain:
    """Cards sit in the slots of the first reader (`virDomainDefMaybeAddSmartcardController`)."""
    highest = max((_slot(card) for card in domain.parts.smartcards), default=-1)
    done = []
    for card in domain.parts.smartcards:
        if card.find("address") is None:
            highest += 1
            placed = Node(card.tag, card.attrs, card.text, card.line)
            address = Node("address", {"type": "ccid", "controller": "0", "slot": str(highest)})
            placed.children = [*card.children, address]
            card = placed
        done.append(card)
    return domain.with_devices(smartcards=tuple(done))


def _slot(card: Node) -> int:
    address = card.find("address")
    text = None if address is None or address.get("controller") != "0" else address.get("slot")
    return int(text) if text is not None and text.isascii() and text.isdigit() else -1


def hostdev_places(domain: Domain) -> Domain:
    """SCSI devices of the host's take the units that no disk has (`virDomainHostdevAssignAddress`)."""
    taken = {
        (disk.address.controller or 0, int(disk.address.unit or 0))
        for disk in domain.parts.disks
        if disk.address is not None and disk.address.type == "drive" and disk.target and disk.target.bus == "scsi"
    }
    taken |= {_place(one) for one in domain.parts.hostdevs if one.type == "scsi" and one.address is not None}
    done = []
    for device in domain.parts.hostdevs:
        if device.type == "scsi" and device.address is None:
            place = next((c, u) for c in range(len(taken) + 1) for u in range(SCSI_UNITS) if (c, u) not in taken)
            taken.add(place)
            drive = {"controller": str(place[0]), "bus": "0", "target": "0", "unit": str(place[1])}
            device = device.replace(address=Node("address", {"type": "drive", **drive}))
        done.append(device)
    return domain.with_devices(hostdevs=tuple(done))


def _place(device: Hostdev) -> tuple[int, int]:
    attrs = device.address.attrs if device.address is not None else {}
    numbers = [attrs.get(name, "0") for name in ("controller", "unit")]
    controller, unit = (int(text) if text.isascii() and text.isdigit() else 0 for text in numbers)
    return controller, unit
