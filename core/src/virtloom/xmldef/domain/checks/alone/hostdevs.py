"""Devices of the host's (`virDomainHostdevDefValidate`)."""

from __future__ import annotations

from collections.abc import Callable

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.alone.common import refuse
from virtloom.xmldef.domain.checks.refusal import internal, unsupported
from virtloom.xmldef.domain.definition import Domain

# Where each type may be in the guest, and what is said of other places.
PLACES = {
    "scsi": (("drive",), "SCSI host device must use 'drive' address type"),
    "scsi_host": (("pci", "ccw"), "SCSI_host host device must use 'pci' or 'ccw' address type"),
    "usb": (("usb",), "USB host device must use 'usb' address type"),
}


def _place(hostdev: Node, domain: Domain) -> None:
    if hostdev.get("mode") == "capabilities":
        return
    kind, place = hostdev.get("type") or "", hostdev.value("address", "type")
    if kind == "pci" and place not in (None, "unassigned", "pci"):
        raise internal("PCI host devices must use 'pci' or 'unassigned' address type")
    if kind in PLACES and place not in (None, *PLACES[kind][0]):
        raise unsupported(PLACES[kind][1])
    if kind == "scsi" and hostdev.get("sgio") == "unfiltered":
        raise unsupported("unfiltered sgio is no longer supported")


def _teaming(hostdev: Node, domain: Domain) -> None:
    team = hostdev.find("teaming")
    if team is None:
        return
    refuse(
        (
            (team.get("type") != "transient", "teaming hostdev devices must have type='transient'"),
            (not team.get("persistent"), "missing required persistent attribute in hostdev teaming element"),
            (
                hostdev.get("mode") == "capabilities" or hostdev.get("type") != "pci",
                "teaming is only supported for pci hostdev devices",
            ),
        )
    )


STEPS: tuple[Callable[[Node, Domain], None], ...] = (_place, _teaming)
