"""The kinds of driver that a connection is put together from."""

from __future__ import annotations

from enum import Enum


class DriverKind(Enum):
    """What a driver manages: libvirt's seven driver tables (`struct _virConnectDriver`)."""

    HYPERVISOR = "hypervisor"
    NETWORK = "network"
    INTERFACE = "interface"
    STORAGE = "storage"
    NODE_DEVICE = "node device"
    SECRET = "secret"
    NWFILTER = "network filter"
