"""What attributes may hold: tables of the words and numbers that libvirt's parser takes, by the path of an element.

A document is held against them before anything else is done with it, so that a mistake in one attribute is told as such
(`virXMLPropEnum`, `virXMLPropUInt` and the like in conf/domain_conf.c).
"""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.attributes import (
    addresses,
    audio,
    characters,
    devices,
    disks,
    displays,
    features,
    guest,
    hostdevs,
    interfaces,
    tuning,
)
from virtloom.xmldef.domain.attributes.tree import Element

GUEST = Element()
for _table in (guest.TABLE, features.TABLE, tuning.TABLE):
    GUEST.extend(_table)

DEVICES = Element()
for _table in (
    addresses.TABLE,
    devices.TABLE,
    disks.TABLE,
    displays.TABLE,
    characters.TABLE,
    hostdevs.TABLE,
    interfaces.TABLE,
    audio.TABLE,
):
    DEVICES.extend(_table)
DEVICES.repeat("disk/backingStore")
VIRTIO_DRIVER = Element()
VIRTIO_DRIVER.extend(interfaces.VIRTIO_DRIVER)


def check_guest(root: Node) -> None:
    """Hold a domain's document, its devices aside, against the tables.

    :raises VirtError: for the first attribute that holds what it cannot, or is missing.
    """
    GUEST.check(root)


def check_device(device: Node) -> None:
    """Hold one device's element against the tables.

    :raises VirtError: for the first attribute that holds what it cannot, or is missing.
    """
    DEVICES.check_child(device)


def check_interface_driver(driver: Node) -> None:
    """Hold the `<driver>` of a virtio interface against the tables.

    :raises VirtError: for the first attribute that holds what it cannot.
    """
    VIRTIO_DRIVER.check(driver)
