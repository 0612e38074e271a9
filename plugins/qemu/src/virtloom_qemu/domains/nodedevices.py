"""Devices of the host's that an administrator takes from their drivers for guests, and gives back."""

from __future__ import annotations

import re

from virtloom.driver.handles import NodeDeviceHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom_qemu.domains.base import DomainsBase

PCI = re.compile(r"pci_([0-9a-f]{4,})_([0-9a-f]{2})_([0-9a-f]{2})_([0-7])")  # what node devices on the PCI are called


class NodeDevices(DomainsBase):
    """The calls for node devices that a driver of guests answers."""

    def node_device_detach_flags(self, dev: NodeDeviceHandle, driver_name: str | None, flags: int) -> None:
        """`virNodeDeviceDetachFlags`"""
        self._check_flags(flags, 0, "NodeDeviceDetachFlags")
        if driver_name == "kvm":
            detail = "KVM device assignment is no longer supported on this system"
            raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, detail)
        if driver_name not in (None, "vfio"):
            raise VirtError(ErrorCode.INVALID_ARG, f"unknown driver name '{driver_name}'")
        if not self.host_devices.host.gives_pci:
            detail = "VFIO device assignment is currently not supported on this system"
            raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, detail)
        self.host_devices.detach(pci_name(dev))

    def node_device_re_attach(self, dev: NodeDeviceHandle) -> None:
        """`virNodeDeviceReAttach`"""
        self.host_devices.reattach(pci_name(dev))

    def node_device_reset(self, dev: NodeDeviceHandle) -> None:
        """`virNodeDeviceReset`"""
        self.host_devices.reset(pci_name(dev))


def pci_name(device: NodeDeviceHandle) -> str:
    """The address of a node device.

    :raises VirtError: INVALID_ARG for one that is not on the PCI.
    """
    found = PCI.fullmatch(device.name)
    if found is None:
        raise VirtError(ErrorCode.INVALID_ARG, f"device {device.name} is not a PCI device")
    return "{}:{}:{}.{}".format(*found.groups())
