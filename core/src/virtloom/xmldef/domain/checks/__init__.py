"""What all drivers refuse, in libvirt's words (`virDomainDefValidate` and what the parser itself refuses)."""

from __future__ import annotations

from collections.abc import Callable

from virtloom.xmldef.domain.checks.alone import devices_alone
from virtloom.xmldef.domain.checks.characters import character_sources
from virtloom.xmldef.domain.checks.devices import (
    controllers,
    graphics,
    hostdevs,
    inputs,
    usb,
    videos,
)
from virtloom.xmldef.domain.checks.disks import descriptors, disk_targets, drive_places
from virtloom.xmldef.domain.checks.guest import (
    boot_order,
    idmap,
    labels,
    loader,
    monitors,
    name,
    schedulers,
    shares,
    title,
)
from virtloom.xmldef.domain.checks.whole import (
    aliases,
    blkio_devices,
    boot_times,
    folder_targets,
    huge_pages,
    processor_limits,
    remapping,
    thread_pools,
)
from virtloom.xmldef.domain.definition import Domain

CHECKS: tuple[Callable[[Domain], None], ...] = (
    name,
    title,
    schedulers,
    shares,
    monitors,
    labels,
    usb,
    inputs,
    disk_targets,
    devices_alone,
    descriptors,
    drive_places,
    controllers,
    character_sources,
    graphics,
    hostdevs,
    videos,
    loader,
    boot_order,
    idmap,
    aliases,
    remapping,
    huge_pages,
    processor_limits,
    boot_times,
    blkio_devices,
    folder_targets,
    thread_pools,
)
