"""Devices of the host's that a container is given: disks, and what `<hostdev>` names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk, Hostdev

CHECKS = {"block": (stat.S_ISBLK, "block"), "char": (stat.S_ISCHR, "character")}


class Passed(NamedTuple):
    """One device: its node on the host, its node inside, and how it may be used (devices.allow)."""

    source: str
    target: str
    access: str


def passed_devices(domain: Domain) -> Iterator[Passed]:
    """Every device that a definition gives to its container.

    :raises VirtError: CONFIG_UNSUPPORTED for what is no device that a container can have.
    """
    yield from (passed_disk(disk) for disk in domain.parts.disks)
    for device in domain.parts.hostdevs:
        found = passed_hostdev(device)
        if found is not None:
            yield found


def passed_disk(disk: Disk) -> Passed:
    """A disk: a block device, which the container sees by the disk's name.

    :raises VirtError: CONFIG_UNSUPPORTED if it is none, SYSTEM_ERROR if it is not there.
    """
    if disk.path is None:
        raise _unsupported("Can't setup disk without media")
    if disk.type != "block":
        raise _unsupported("Can't setup disk for non-block device")
    _check(disk.path, "block", f"Disk source {disk.path} must be a block device")
    return Passed(disk.path, f"/dev/{disk.name}", "rm" if disk.readonly else "rwm")


def passed_hostdev(device: Hostdev) -> Passed | None:
    """A device of the host's by its own name; None for a network interface, which is moved and not shared.

    :raises VirtError: CONFIG_UNSUPPORTED or SYSTEM_ERROR.
    """
    source = device.source
    if device.mode == "capabilities" and device.type == "net":
        return None
    if device.mode == "capabilities" and device.type in ("storage", "misc"):
        tag = "block" if device.type == "storage" else "char"
        named = source.find(tag) if source is not None else None
        if named is None or not named.text:
            raise _unsupported("Missing storage block path")
        _check(named.text, tag, f"Hostdev source {named.text} must be a {CHECKS[tag][1]} device")
        return Passed(named.text, named.text, "rwm")
    if device.mode == "subsystem" and device.type == "usb":
        path = usb_path(device)
        _check(path, "char", f"USB source {path} was not a character device")
        return Passed(path, path, "rwm")
    raise _unsupported(f"Unsupported host device type {device.type}")


def usb_path(device: Hostdev) -> str:
    """The node of a USB device that is named by its place on the bus."""
    address = device.source.find("address") if device.source is not None else None
    if address is None or not address.get("bus") or not address.get("device"):
        raise _unsupported("a USB device is given to a container by its bus and device number")
    return f"/dev/bus/usb/{int(address.get('bus') or 0):03d}/{int(address.get('device') or 0):03d}"


def interface_of(device: Hostdev) -> str | None:
    """The host's network interface that a device names; None if it names none."""
    if device.mode != "capabilities" or device.type != "net" or device.source is None:
        return None
    named = device.source.find("interface")
    return named.text if named is not None and named.text else None


def _check(path: str, kind: str, detail: str) -> None:
    try:
        found = os.stat(path)
    except OSError as error:
        raise system_error(error, f"Unable to access {path}", ErrorDomain.LXC) from error
    if not CHECKS[kind][0](found.st_mode):
        raise _unsupported(detail)


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.LXC)
