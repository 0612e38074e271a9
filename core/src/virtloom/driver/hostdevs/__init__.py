"""Devices of the host's that are given to guests: where sysfs has them, their drivers, and who uses which.

`HostDevices` is what a driver of guests uses; a file for each bus knows where its devices are. With no lock held.
"""

from virtloom.driver.hostdevs.host import Host
from virtloom.driver.hostdevs.pci import PciDevice
from virtloom.driver.hostdevs.registry import HostDevices
from virtloom.driver.hostdevs.sources import Given

__all__ = ["Given", "Host", "HostDevices", "PciDevice"]
