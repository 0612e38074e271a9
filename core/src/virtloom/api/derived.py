"""Old calls that newer ones answer, so that a driver writes each thing once.

Two tables: `TWINS` for calls that grew a `flags` argument later, `LISTS` for the counts and lists of names of the days
before `connect_list_all_*`. A driver that has a method of the old name is asked itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from virtloom.driver.base import Driver
from virtloom.driver.constants.connect import ConnectListAllDomainsFlags as Domains
from virtloom.driver.constants.connect import ConnectListAllInterfacesFlags as Interfaces
from virtloom.driver.constants.connect import ConnectListAllNetworksFlags as Networks
from virtloom.driver.constants.connect import ConnectListAllStoragePoolsFlags as Pools
from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.constants.domain import DomainVcpuFlags
from virtloom.driver.constants.node_device import ConnectListAllNodeDeviceFlags as Devices
from virtloom.errors import ErrorCode, VirtError

Args = tuple[Any, ...]


class Twin(NamedTuple):
    """The newer call, and the arguments that it takes after (or, with `before`, ahead of the last of) the old ones.

    :ivar silent: whether the newer call's result is dropped.
    """

    method: str
    extra: Args
    before_last: bool = False
    silent: bool = False


MEM_MAXIMUM = 4  # VIR_DOMAIN_MEM_MAXIMUM
CORE_DUMP_RAW = 0  # VIR_DOMAIN_CORE_DUMP_FORMAT_RAW

TWINS: dict[str, Twin] = {
    "domain_create": Twin("domain_create_with_flags", (0,), silent=True),
    "domain_define_xml": Twin("domain_define_xml_flags", (0,)),
    "domain_destroy": Twin("domain_destroy_flags", (0,)),
    "domain_undefine": Twin("domain_undefine_flags", (0,)),
    "domain_shutdown": Twin("domain_shutdown_flags", (0,)),
    "domain_save": Twin("domain_save_flags", (None, 0)),
    "domain_restore": Twin("domain_restore_flags", (None, 0)),
    "domain_core_dump": Twin("domain_core_dump_with_format", (CORE_DUMP_RAW,), before_last=True),
    "domain_attach_device": Twin("domain_attach_device_flags", (Impact.LIVE,)),
    "domain_detach_device": Twin("domain_detach_device_flags", (Impact.LIVE,)),
    "domain_set_memory": Twin("domain_set_memory_flags", (Impact.LIVE,)),
    "domain_set_max_memory": Twin("domain_set_memory_flags", (MEM_MAXIMUM,)),
    "domain_set_vcpus": Twin("domain_set_vcpus_flags", (DomainVcpuFlags.LIVE,)),
    "domain_get_max_vcpus": Twin("domain_get_vcpus_flags", (DomainVcpuFlags.LIVE | DomainVcpuFlags.MAXIMUM,)),
    "domain_pin_vcpu": Twin("domain_pin_vcpu_flags", (Impact.LIVE,)),
    "domain_get_scheduler_parameters": Twin("domain_get_scheduler_parameters_flags", (0,)),
    "domain_set_scheduler_parameters": Twin("domain_set_scheduler_parameters_flags", (0,)),
    "domain_abort_job": Twin("domain_abort_job_flags", (0,)),
    "network_create_xml": Twin("network_create_xml_flags", (0,)),
    "network_define_xml": Twin("network_define_xml_flags", (0,)),
    "nwfilter_define_xml": Twin("nwfilter_define_xml_flags", (0,)),
    "storage_vol_get_info": Twin("storage_vol_get_info_flags", (0,)),
    "storage_vol_wipe": Twin("storage_vol_wipe_pattern", (0,), before_last=True),
    "node_device_dettach": Twin("node_device_detach_flags", (None, 0)),
}


class Listing(NamedTuple):
    """How an old list or count comes of a newer list.

    :ivar method: the newer call.
    :ivar pick: the attribute of each handle that the old call lists; None for a count.
    :ivar flags: the newer call's flags; None if the old call brings its own.
    """

    method: str
    pick: str | None
    flags: int | None


LISTS: dict[str, Listing] = {
    "connect_num_of_domains": Listing("connect_list_all_domains", None, Domains.ACTIVE),
    "connect_list_domains": Listing("connect_list_all_domains", "id", Domains.ACTIVE),
    "connect_num_of_defined_domains": Listing("connect_list_all_domains", None, Domains.INACTIVE),
    "connect_list_defined_domains": Listing("connect_list_all_domains", "name", Domains.INACTIVE),
    "connect_num_of_networks": Listing("connect_list_all_networks", None, Networks.ACTIVE),
    "connect_list_networks": Listing("connect_list_all_networks", "name", Networks.ACTIVE),
    "connect_num_of_defined_networks": Listing("connect_list_all_networks", None, Networks.INACTIVE),
    "connect_list_defined_networks": Listing("connect_list_all_networks", "name", Networks.INACTIVE),
    "connect_num_of_interfaces": Listing("connect_list_all_interfaces", None, Interfaces.ACTIVE),
    "connect_list_interfaces": Listing("connect_list_all_interfaces", "name", Interfaces.ACTIVE),
    "connect_num_of_defined_interfaces": Listing("connect_list_all_interfaces", None, Interfaces.INACTIVE),
    "connect_list_defined_interfaces": Listing("connect_list_all_interfaces", "name", Interfaces.INACTIVE),
    "connect_num_of_storage_pools": Listing("connect_list_all_storage_pools", None, Pools.ACTIVE),
    "connect_list_storage_pools": Listing("connect_list_all_storage_pools", "name", Pools.ACTIVE),
    "connect_num_of_defined_storage_pools": Listing("connect_list_all_storage_pools", None, Pools.INACTIVE),
    "connect_list_defined_storage_pools": Listing("connect_list_all_storage_pools", "name", Pools.INACTIVE),
    "storage_pool_num_of_volumes": Listing("storage_pool_list_all_volumes", None, 0),
    "storage_pool_list_volumes": Listing("storage_pool_list_all_volumes", "name", 0),
    "connect_num_of_secrets": Listing("connect_list_all_secrets", None, 0),
    "connect_list_secrets": Listing("connect_list_all_secrets", "uuid", 0),
    "connect_num_of_nwfilters": Listing("connect_list_all_nwfilters", None, 0),
    "connect_list_nwfilters": Listing("connect_list_all_nwfilters", "name", 0),
    "domain_snapshot_num": Listing("domain_list_all_snapshots", None, None),
    "domain_snapshot_list_names": Listing("domain_list_all_snapshots", "name", None),
    "domain_snapshot_num_children": Listing("domain_snapshot_list_all_children", None, None),
    "domain_snapshot_list_children_names": Listing("domain_snapshot_list_all_children", "name", None),
    "node_num_of_devices": Listing("connect_list_all_node_devices", None, None),
    "node_list_devices": Listing("connect_list_all_node_devices", "name", None),
}

# What the old device lists call a capability, and the newer list's flag for it.
DEVICE_CAPABILITIES: dict[str, int] = {
    name.lower(): value for name, value in vars(Devices).items() if name.startswith("CAP_")
}


def derive(driver: Driver, name: str) -> Callable[..., Any] | None:
    """What answers a procedure for a driver that has no method of its name; None if nothing does.

    The result takes the arguments that a method of that name would take.
    """
    if (twin := TWINS.get(name)) is not None and hasattr(driver, twin.method):
        return _twin(twin, getattr(driver, twin.method))
    if (listing := LISTS.get(name)) is not None and hasattr(driver, listing.method):
        return _listing(name, listing, getattr(driver, listing.method))
    if name == "node_device_num_of_caps" and hasattr(driver, "node_device_list_caps"):
        list_caps: Callable[[str], Sequence[str]] = driver.node_device_list_caps
        return lambda device: len(list_caps(device))
    return None


def _twin(twin: Twin, method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        if twin.before_last:
            result = method(*args[:-1], *twin.extra, args[-1])
        else:
            result = method(*args, *twin.extra)
        return None if twin.silent else result

    return call


def _listing(name: str, listing: Listing, method: Callable[..., Sequence[Any]]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        if name in ("node_num_of_devices", "node_list_devices"):
            found = method(_device_flag(args[0]))
        else:
            found = method(*args) if listing.flags is None else method(*args, listing.flags)
        return len(found) if listing.pick is None else [_picked(handle, listing.pick) for handle in found]

    return call


def _picked(handle: Any, attribute: str) -> Any:
    value = getattr(handle, attribute)
    return str(UUID(bytes=value)) if attribute == "uuid" else value


def _device_flag(capability: str | None) -> int:
    if capability is None:
        return 0
    flag = DEVICE_CAPABILITIES.get(f"cap_{capability}")
    if flag is None:
        raise VirtError(ErrorCode.INVALID_ARG, f"unknown capability '{capability}'")
    return flag
