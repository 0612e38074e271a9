"""Which device an administrator means who takes one from its driver."""

from __future__ import annotations

import pytest

from virtloom.driver.handles import NodeDeviceHandle
from virtloom.errors import VirtError
from virtloom_qemu.domains.nodedevices import pci_name


def test_a_node_devices_name_says_where_it_is() -> None:
    assert pci_name(NodeDeviceHandle("pci_0000_3b_1f_7")) == "0000:3b:1f.7"


@pytest.mark.parametrize("name", ["computer", "usb_1_1", "pci_0000_3b_1f_9", "pci_0000_3b_1f_7_more"])
def test_what_is_not_on_the_pci_cannot_be_taken(name: str) -> None:
    with pytest.raises(VirtError, match=f"device {name} is not a PCI device"):
        pci_name(NodeDeviceHandle(name))
