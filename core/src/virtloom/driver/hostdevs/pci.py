"""Devices on the PCI: which driver they have, and how they get another (sysfs-bus-pci: `driver_override`).

Assumes: nobody else binds the device at the same time; `HostDevices` sees to that among our own.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from virtloom.driver.hostdevs.host import Host
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error

STUB = "vfio-pci"  # the driver by which a program has a device
STUBS = (STUB, "pciback")  # drivers that do nothing with a device by themselves
HEADER_TYPE, ENDPOINT = 0x0E, 0  # where the configuration says what a device is, and what it says of no bridge


class PciDevice:
    """One device.

    :param name: its address, such as `0000:03:00.0`.
    """

    def __init__(self, name: str, host: Host) -> None:
        self.name = name
        self._host = host
        self._bus = host.sysfs / "bus" / "pci"
        self.folder = self._bus / "devices" / name

    def require(self) -> None:
        """Refuse a device that is not there, or that is a bridge.

        :raises VirtError: SYSTEM_ERROR, INTERNAL_ERROR.
        """
        if not self._is_endpoint():
            raise _internal("Non-endpoint PCI devices cannot be assigned to guests")

    def _is_endpoint(self) -> bool:
        path = self.folder / "config"
        try:
            with open(path, "rb") as config:
                return config.read(HEADER_TYPE + 1)[HEADER_TYPE] & 0x7F == ENDPOINT
        except (OSError, IndexError) as error:
            cause = error if isinstance(error, OSError) else OSError(errno.EIO, os.strerror(errno.EIO))
            detail = f"Device {self.name} not found: could not access {path}"
            raise system_error(cause, detail, ErrorDomain.NONE) from error

    @property
    def driver(self) -> str | None:
        """The driver that it has; None if none."""
        return _target(self.folder / "driver")

    @property
    def group(self) -> str | None:
        """The number of the group in which the IOMMU has it."""
        return _target(self.folder / "iommu_group")

    def members(self) -> Iterator[str]:
        """The devices that the IOMMU does not keep apart from it, itself included."""
        try:
            yield from sorted(os.listdir(self.folder / "iommu_group" / "devices"))
        except OSError:
            yield self.name

    @property
    def node(self) -> Path | None:
        """What a program opens to have it, once it has the driver for that."""
        return None if self.group is None else self._host.dev / "vfio" / self.group

    def detach(self) -> bool:
        """Take it from its driver, and have it ready for a program; whether it was not so before.

        :raises VirtError: INTERNAL_ERROR if the kernel has no such driver, SYSTEM_ERROR if it refuses; it is with its
            old driver then, as far as the kernel lets that be.
        """
        if not (self._bus / "drivers" / STUB).exists():
            raise _internal(f"Failed to load PCI stub module {STUB}")
        if self.driver == STUB:
            return False
        try:
            self._bind(STUB)
        except BaseException:
            self.reattach()
            raise
        return True

    def reattach(self) -> None:
        """Give it to the driver that the kernel would choose.

        :raises VirtError: SYSTEM_ERROR.
        """
        self._bind("\n")

    def _bind(self, driver: str) -> None:
        detail = f"Failed to add driver '{driver}' to driver_override  interface of PCI device '{self.name}'"
        self._write(self.folder / "driver_override", driver, detail)
        if (old := self.driver) is not None:
            detail = f"Failed to unbind PCI device '{self.name}' from {old}"
            self._write(self.folder / "driver" / "unbind", self.name, detail)
        self._write(self._bus / "drivers_probe", self.name, f"Failed to trigger a probe for PCI device '{self.name}'")

    @staticmethod
    def _write(path: Path, text: str, detail: str) -> None:
        try:
            with open(path, "r+") as file:  # what is not there is not made
                file.write(text)
        except OSError as error:
            raise system_error(error, detail, ErrorDomain.NONE) from error

    def reset(self) -> None:
        """Have it as it is after power comes on; one that programs can have is so whenever one takes it.

        :raises VirtError: INTERNAL_ERROR for a bridge, or one that the kernel cannot reset.
        """
        if not self._is_endpoint():
            detail = f"Invalid attempt to reset PCI device {self.name}. Only PCI endpoint devices can be reset"
            raise _internal(detail)
        if self.driver == STUB:
            return
        try:
            self._write(self.folder / "reset", "1", "")
        except VirtError as error:
            detail = f"Unable to reset PCI device {self.name}: no FLR, PM reset or bus reset available"
            raise _internal(detail) from error


def _target(link: Path) -> str | None:
    try:
        return os.path.basename(os.readlink(link))
    except OSError:
        return None


def _internal(detail: str) -> VirtError:
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NONE)
