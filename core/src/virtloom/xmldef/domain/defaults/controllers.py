"""Controllers: their numbers, and those that devices need (`virDomainDefAddImplicitControllers`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Controller

USB2 = {"ich9-ehci1", "ich9-uhci1", "ich9-uhci2", "ich9-uhci3"}


def controllers(domain: Domain) -> Domain:
    """Controllers are numbered, and those that devices sit on are there."""
    placed: list[Controller] = []
    for controller in domain.parts.controllers:
        insert(placed, controller)
    placed = _indexed(tuple(placed))
    for kind, index, model in _needed(domain):
        if not any(other.type == kind and other.index == index for other in placed):
            placed.append(Controller(type=kind, index=index, model=model))
    return domain.with_devices(controllers=tuple(placed))


def _indexed(given: tuple[Controller, ...]) -> list[Controller]:
    """Each with a number: USB 2 controllers in a row share one, the others have the lowest that is free."""
    done: list[Controller] = []
    taken: dict[str | None, set[int]] = {one.type: set() for one in given}
    for one in given:
        if one.index is not None:
            taken[one.type].add(one.index)
    for place, controller in enumerate(given):
        if controller.index is None:
            mine = taken[controller.type]
            index = _index_of_group(controller, done, given[place + 1 :])
            if index is None:
                index = next(number for number in count() if number not in mine)
            mine.add(index)
            controller = controller.replace(index=index)
        done.append(controller)
    return done


def _index_of_group(controller: Controller, before: list[Controller], after: Sequence[Controller]) -> int | None:
    """The number of the USB 2 controllers just before, if they have none of this model yet."""
    if controller.type != "usb" or controller.model not in USB2:
        return None
    last = next((one for one in reversed(before) if one.type == "usb"), None)
    if last is None or last.model not in USB2:
        return None
    others = (*before, *after)
    if any((one.type, one.index, one.model) == ("usb", last.index, controller.model) for one in others):
        return None
    return last.index


def insert(placed: list[Controller], controller: Controller) -> None:
    """Put a controller behind those of its kind that have a lower number (`virDomainControllerInsertPreAlloced`)."""
    at = len(placed)
    for place in range(len(placed) - 1, -1, -1):
        other = placed[place]
        if other.type == controller.type:
            if controller.index is None or _before(other, controller):
                at = place + 1
                break
            at = place
    placed.insert(at, controller)


def _before(one: Controller, new: Controller) -> bool:
    """Whether one stands before another of its kind; a USB controller before its companions."""
    if one.index != new.index:
        return (one.index or 0) < (new.index or 0)
    return one.master is None or new.master is not None


def _needed(domain: Domain) -> Iterator[tuple[str, int, str | None]]:
    """The controllers that devices sit on: kind, number and model."""
    for bus in ("scsi", "fdc", "ide", "sata"):
        used = [
            disk.address.controller or 0
            for disk in domain.parts.disks
            if disk.target is not None
            and disk.target.bus == bus
            and disk.address is not None
            and disk.address.type == "drive"
        ]
        for index in range(max(used, default=-1) + 1):
            yield bus, index, None
    for device in (*domain.parts.channels, *domain.parts.consoles):
        if device.target is not None and device.target.type == "virtio":
            yield "virtio-serial", _controller(device.address, "virtio-serial"), None
    for card in domain.parts.smartcards:
        yield "ccid", _controller(card.find("address"), "ccid"), None
    used = [_controller(device.address, "drive") for device in domain.parts.hostdevs if device.type == "scsi"]
    model = next((one.model for one in domain.parts.controllers if one.type == "scsi"), None)
    for index in range(max(used, default=-1) + 1):
        yield "scsi", index, model


def _controller(address: Node | None, kind: str) -> int:
    text = address.get("controller") if address is not None and address.get("type") == kind else None
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0
