"""Which driver answers which procedure: by the words that its name begins with.

The longest beginning wins, so that `connect_list_all_networks` goes to the network driver and any other `connect_` to
the hypervisor.
"""

from __future__ import annotations

from functools import cache

from virtloom.driver.kinds import DriverKind
from virtloom.errors import ErrorDomain

PREFIXES: dict[str, DriverKind] = {
    "connect_": DriverKind.HYPERVISOR,
    "domain_": DriverKind.HYPERVISOR,
    "node_": DriverKind.HYPERVISOR,
    "qemu_": DriverKind.HYPERVISOR,
    "lxc_": DriverKind.HYPERVISOR,
    "network_": DriverKind.NETWORK,
    "connect_list_all_networks": DriverKind.NETWORK,
    "connect_list_networks": DriverKind.NETWORK,
    "connect_list_defined_networks": DriverKind.NETWORK,
    "connect_num_of_networks": DriverKind.NETWORK,
    "connect_num_of_defined_networks": DriverKind.NETWORK,
    "connect_network_event_": DriverKind.NETWORK,
    "interface_": DriverKind.INTERFACE,
    "connect_list_all_interfaces": DriverKind.INTERFACE,
    "connect_list_interfaces": DriverKind.INTERFACE,
    "connect_list_defined_interfaces": DriverKind.INTERFACE,
    "connect_num_of_interfaces": DriverKind.INTERFACE,
    "connect_num_of_defined_interfaces": DriverKind.INTERFACE,
    "storage_": DriverKind.STORAGE,
    "connect_find_storage_pool_sources": DriverKind.STORAGE,
    "connect_get_storage_pool_capabilities": DriverKind.STORAGE,
    "connect_list_all_storage_pools": DriverKind.STORAGE,
    "connect_list_storage_pools": DriverKind.STORAGE,
    "connect_list_defined_storage_pools": DriverKind.STORAGE,
    "connect_num_of_storage_pools": DriverKind.STORAGE,
    "connect_num_of_defined_storage_pools": DriverKind.STORAGE,
    "connect_storage_pool_event_": DriverKind.STORAGE,
    "node_device_": DriverKind.NODE_DEVICE,
    "node_num_of_devices": DriverKind.NODE_DEVICE,
    "node_list_devices": DriverKind.NODE_DEVICE,
    "connect_list_all_node_devices": DriverKind.NODE_DEVICE,
    "connect_node_device_event_": DriverKind.NODE_DEVICE,
    # Taking a device from the host for a guest is the hypervisor's to do.
    "node_device_dettach": DriverKind.HYPERVISOR,
    "node_device_detach_flags": DriverKind.HYPERVISOR,
    "node_device_re_attach": DriverKind.HYPERVISOR,
    "node_device_reset": DriverKind.HYPERVISOR,
    "secret_": DriverKind.SECRET,
    "connect_list_all_secrets": DriverKind.SECRET,
    "connect_list_secrets": DriverKind.SECRET,
    "connect_num_of_secrets": DriverKind.SECRET,
    "connect_secret_event_": DriverKind.SECRET,
    "nwfilter_": DriverKind.NWFILTER,
    "connect_list_all_nwfilters": DriverKind.NWFILTER,
    "connect_list_all_nwfilter_bindings": DriverKind.NWFILTER,
    "connect_list_nwfilters": DriverKind.NWFILTER,
    "connect_num_of_nwfilters": DriverKind.NWFILTER,
}

# The part of libvirt that speaks when a call fails before any driver was asked.
PUBLIC_DOMAINS: dict[DriverKind, ErrorDomain] = {
    DriverKind.HYPERVISOR: ErrorDomain.DOMAIN,
    DriverKind.NETWORK: ErrorDomain.NETWORK,
    DriverKind.INTERFACE: ErrorDomain.INTERFACE,
    DriverKind.STORAGE: ErrorDomain.STORAGE,
    DriverKind.NODE_DEVICE: ErrorDomain.NODEDEV,
    DriverKind.SECRET: ErrorDomain.SECRET,
    DriverKind.NWFILTER: ErrorDomain.NWFILTER,
}


@cache
def kind_of(name: str) -> DriverKind:
    """The kind of driver that answers a procedure.

    :param name: the procedure's name in snake case.
    """
    best = max((prefix for prefix in PREFIXES if name.startswith(prefix)), key=len)
    return PREFIXES[best]
