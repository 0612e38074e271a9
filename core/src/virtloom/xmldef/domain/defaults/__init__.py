"""What libvirt fills in after parsing, for every driver (`virDomainDefPostParse`), a thing at a time."""

from __future__ import annotations

from collections.abc import Callable

from virtloom.xmldef.domain.defaults.characters import characters
from virtloom.xmldef.domain.defaults.controllers import controllers
from virtloom.xmldef.domain.defaults.disks import disk_addresses, disk_buses, disk_order, disk_snapshots
from virtloom.xmldef.domain.defaults.displays import graphics, inputs, videos
from virtloom.xmldef.domain.defaults.guest import (
    boot,
    clock,
    firmware,
    iothreads,
    memory,
    plain_metadata,
    vcpus,
)
from virtloom.xmldef.domain.defaults.interfaces import interfaces
from virtloom.xmldef.domain.defaults.places import hostdev_places, smartcard_places
from virtloom.xmldef.domain.definition import Domain

DEFAULTS: tuple[Callable[[Domain], Domain], ...] = (
    memory,
    vcpus,
    iothreads,
    firmware,
    boot,
    clock,
    disk_buses,
    disk_addresses,
    disk_order,
    disk_snapshots,
    interfaces,
    graphics,
    inputs,
    videos,
    characters,
    smartcard_places,
    hostdev_places,
    controllers,
    plain_metadata,
)
