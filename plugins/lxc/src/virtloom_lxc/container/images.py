"""What a container has of the host's images and devices for itself, as the host's storage is told of it."""

from __future__ import annotations

from typing import Any

from virtloom.driver.images import ImageUse, Use, uses_of
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk, Hostdev
from virtloom_lxc.container.root.filesystems import filesystems

RUN = 0  # a container has one run at a time, and its init another pid after each boot


def images(domain: Domain) -> list[ImageUse]:
    """All images and devices that a container mounts or is given. Folders are shared by nature."""
    mounted = [
        ImageUse(one.source, Use.READ if one.readonly else Use.WRITE)
        for one in filesystems(domain)
        if one.kind in ("file", "block")
    ]
    return mounted + [use for device in (*domain.parts.disks, *domain.parts.hostdevs) for use in given(device)]


def given(device: Any) -> list[ImageUse]:
    """What a container is given with one device."""
    if isinstance(device, Disk):
        return list(uses_of(device))
    if not isinstance(device, Hostdev) or device.source is None:
        return []
    block = device.source.find("block")
    return [ImageUse(block.text, Use.WRITE)] if block is not None and block.text else []
