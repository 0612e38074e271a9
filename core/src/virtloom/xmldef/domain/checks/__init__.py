"""What all drivers refuse, in libvirt's words (`virDomainDefValidate` and what the parser itself refuses)."""

from __future__ import annotations

from collections.abc import Callable

from virtloom.xmldef.domain.checks.characters import character_sources
from virtloom.xmldef.domain.checks.devices import (
    controllers,
    filesystems,
    graphics,
    hostdevs,
    inputs,
    memories,
    usb,
    videos,
)
from virtloom.xmldef.domain.checks.disks import descriptors, disk_targets, disks, drive_places
from virtloom.xmldef.domain.checks.guest import (
    boot_order,
    idmap,
    interrupts,
    labels,
    loader,
    monitors,
    name,
    schedulers,
    shares,
    title,
)
from virtloom.xmldef.domain.definition import Domain

CHECKS: tuple[Callable[[Domain], None], ...] = (
    name,
    title,
    schedulers,
    shares,
    monitors,
    labels,
    interrupts,
    usb,
    inputs,
    disk_targets,
    disks,
    descriptors,
    drive_places,
    controllers,
    character_sources,
    graphics,
    filesystems,
    hostdevs,
    videos,
    memories,
    loader,
    boot_order,
    idmap,
)
