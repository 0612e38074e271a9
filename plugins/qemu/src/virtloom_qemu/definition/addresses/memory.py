"""Slots of memory modules (`qemuDomainAssignMemorySlots`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom_qemu.definition.guest import Guest, number, place_type

IN_SLOTS = ("dimm", "nvdimm")


def memory_slots(guest: Guest) -> None:
    """Give every module the first slot that is free.

    :raises VirtError: INTERNAL_ERROR if there is none.
    """
    maximum = guest.root.find("maxMemory")
    if maximum is None:
        return
    modules = [one for one in guest.all("memory") if one.get("model") in IN_SLOTS]
    taken = {number(one.find("address"), "slot") for one in modules if place_type(one) == "dimm"}
    for module in modules:
        if place_type(module) == "dimm":
            continue
        slot = next((slot for slot in range(number(maximum, "slots")) if slot not in taken), None)
        if slot is None:
            detail = "failed to find an empty memory slot"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
        taken.add(slot)
        module.need("address").attrs = {"type": "dimm", "slot": str(slot)}
