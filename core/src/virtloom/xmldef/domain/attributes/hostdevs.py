"""Devices of the host's that a guest has (`virDomainHostdevDefParseXML`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode
from virtloom.xmldef.domain.attributes.addresses import PCI
from virtloom.xmldef.domain.attributes.disks import POLICIES
from virtloom.xmldef.domain.attributes.kinds import ULONG, Rule, flags, must, number, numbers, switches, told, word

SUBSYSTEM = "hostdev[mode=|subsystem]"
TYPES = "usb pci scsi scsi_host mdev"

TABLE: dict[str, tuple[Rule, ...]] = {
    "hostdev": (told(word("mode", "subsystem capabilities"), "unknown hostdev mode '{}'"),),
    SUBSYSTEM: (
        told(word("type", TYPES), "unknown host device source address type '{}'",
             missing="missing source address type", missing_code=ErrorCode.XML_ERROR),
        word("sgio", "filtered unfiltered"),
        *flags("rawio"),
    ),
    "hostdev[mode=capabilities]": (
        told(word("type", "storage misc net"), "unknown host device source address type '{}'",
             missing="missing source address type", missing_code=ErrorCode.XML_ERROR),
    ),
    "hostdev[type=scsi_host]": (word("model", "default virtio virtio-transitional virtio-non-transitional"),),
    "hostdev[type=scsi_host]/source": (
        told(word("protocol", "vhost"), "Unknown scsi_host subsystem protocol '{}'",
             missing="Missing scsi_host subsystem protocol", missing_code=ErrorCode.XML_ERROR),
        told(Rule("wwpn", lambda text: True), missing="missing vhost-scsi hostdev source wwpn",
             missing_code=ErrorCode.XML_ERROR),
    ),
    "hostdev[type=mdev]": (
        *must(word("model", "vfio-pci vfio-ccw vfio-ap")),
        *switches("display ramfb"),
    ),
    "hostdev[type=pci]/driver": (word("name", "kvm vfio xen"),),
    "hostdev[type=pci]/source": flags("writeFiltering"),
    "hostdev[type=pci]/source/address": PCI,
    "hostdev[type=usb]/source": (
        word("startupPolicy", POLICIES),
        *flags("autoAddress"),
        word("guestReset", "off uninitialized on"),
    ),
    "hostdev[type=usb]/source/vendor": must(number("id", base=0, zero=False)),
    "hostdev[type=usb]/source/product": must(number("id", base=0)),
    "hostdev[type=usb]/source/address": must(*numbers("bus device", base=0)),
    "hostdev[type=scsi]/source": (
        told(word("protocol", "adapter iscsi"), "Unknown SCSI subsystem protocol '{}'"),
    ),
    "hostdev[type=scsi]/source[protocol=|adapter]/address": must(
        *numbers("bus target", base=0), number("unit", ULONG, base=0)
    ),
}  # fmt: skip
