"""The devices of the host that a network's ports can have: those it names, or the functions of one that it names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from virtloom.xmldef.network.forward import Forward
from virtloom.xmldef.network.pci import PciAddress

LINKS = Path("/sys/class/net")
_ADDRESS = re.compile(r"([0-9a-f]{4,}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])", re.ASCII)


class Function(NamedTuple):
    """A virtual function of a device: its place, and the name of its link if it has one."""

    address: PciAddress
    link: str | None


def functions_of(forward: Forward) -> list[Function]:
    """The virtual functions of the device that a network names (`virNetDevGetVirtualFunctions`)."""
    assert forward.pf is not None
    device = LINKS / forward.pf.dev / "device"
    found = sorted(device.glob("virtfn*"), key=lambda path: int(path.name[6:] or 0))
    return [made for path in found if (made := _function(path.resolve())) is not None]


def _function(path: Path) -> Function | None:
    matched = _ADDRESS.fullmatch(path.name)
    if matched is None:
        return None
    domain, bus, slot, function = (int(part, 16) for part in matched.groups())
    link = next((one.name for one in path.glob("net/*")), None)
    return Function(PciAddress(domain=domain, bus=bus, slot=slot, function=function), link)


def link_pool(forward: Forward) -> list[str]:
    """The links that ports can be put on."""
    if forward.pf is None or forward.interfaces:
        return [one.dev for one in forward.interfaces]
    return [one.link for one in functions_of(forward) if one.link is not None]


def address_pool(forward: Forward) -> list[PciAddress]:
    """The functions that ports can have for their own."""
    if forward.pf is None or forward.addresses:
        return [one.replace(type=None) for one in forward.addresses]
    return [one.address for one in functions_of(forward)]
