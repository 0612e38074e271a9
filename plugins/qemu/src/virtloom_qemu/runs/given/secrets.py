"""The values of a guest's secrets: asked of the secret driver, and put where only its process can read them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.command.block.image import image_of
from virtloom_qemu.command.block.secrets import Wanted, wanted
from virtloom_qemu.command.devices.hostdevs import scsi_secrets


def wanted_by(definition: Domain) -> dict[str, Wanted]:
    """The secrets that a guest's disks and SCSI devices need, by what QEMU knows them by; the last disk's first."""
    images = (image_of(disk.node()) for disk in reversed(definition.parts.disks))
    found = [one for image in images if image is not None for one in wanted(image)]
    found += [one for hostdev in definition.parts.hostdevs for one in scsi_secrets(hostdev.node())]
    return {one.name: one for one in found}


def revealed(definition: Domain, driver: Any, besides: Domain | None = None) -> dict[str, bytes]:
    """The values of a guest's secrets. With no lock held.

    :param driver: the host's secret driver; None if there is none.
    :param besides: what the guest has already; secrets of that are left out.
    :raises VirtError: NO_SECRET for one that is not there, or has no value.
    """
    known = {} if besides is None else wanted_by(besides)
    return values_of({name: one for name, one in wanted_by(definition).items() if name not in known}, driver)


def values_of(needed: Mapping[str, Wanted], driver: Any) -> dict[str, bytes]:
    """The values of some secrets; see `revealed`."""
    return {name: _value(one, driver) for name, one in needed.items()}


def _value(one: Wanted, driver: Any) -> bytes:
    if one.secret is None:
        return one.value
    if driver is None:
        raise VirtError(ErrorCode.NO_SECRET, "no driver keeps secrets here")
    uuid = one.secret.get("uuid")
    if uuid is not None:
        value: bytes = driver.reveal(uuid=UUID(uuid).bytes)
    else:
        value = driver.reveal(usage_type=one.usage, usage_id=one.secret.get("usage") or "")
    return value


def in_memory(values: Mapping[str, bytes]) -> dict[str, int]:
    """A descriptor of a file in memory for each value, to be passed to a process and closed by the caller."""
    opened: dict[str, int] = {}
    for name, value in values.items():
        opened[name] = os.memfd_create(name, os.MFD_CLOEXEC)
        os.write(opened[name], value)
        os.lseek(opened[name], 0, os.SEEK_SET)
    return opened
