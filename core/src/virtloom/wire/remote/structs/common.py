"""Structs of what all procedures share: handles of objects, typed parameters."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.xdr import (
    double,
    int32,
    int64,
    opaque,
    optional,
    remembered,
    string,
    struct,
    uint32,
    uint64,
    union,
    vararray,
)

nonnull_string = string(limits.STRING_MAX)
maybe_string = optional(nonnull_string)
uuid = opaque(16)
nonnull_domain = remembered(struct("nonnull_domain", name=nonnull_string, uuid=uuid, id=int32))
maybe_domain = optional(nonnull_domain)
nonnull_network = remembered(struct("nonnull_network", name=nonnull_string, uuid=uuid))
maybe_network = optional(nonnull_network)
nonnull_network_port = struct("nonnull_network_port", net=nonnull_network, uuid=uuid)
maybe_network_port = optional(nonnull_network_port)
nonnull_nwfilter = struct("nonnull_nwfilter", name=nonnull_string, uuid=uuid)
maybe_nwfilter = optional(nonnull_nwfilter)
nonnull_nwfilter_binding = struct("nonnull_nwfilter_binding", portdev=nonnull_string, filtername=nonnull_string)
maybe_nwfilter_binding = optional(nonnull_nwfilter_binding)
nonnull_storage_pool = remembered(struct("nonnull_storage_pool", name=nonnull_string, uuid=uuid))
maybe_storage_pool = optional(nonnull_storage_pool)
nonnull_storage_vol = remembered(
    struct("nonnull_storage_vol", pool=nonnull_string, name=nonnull_string, key=nonnull_string)
)
maybe_storage_vol = optional(nonnull_storage_vol)
nonnull_node_device = remembered(struct("nonnull_node_device", name=nonnull_string))
maybe_node_device = optional(nonnull_node_device)
nonnull_secret = struct("nonnull_secret", uuid=uuid, usageType=int32, usageID=nonnull_string)
maybe_secret = optional(nonnull_secret)
nonnull_interface = struct("nonnull_interface", name=nonnull_string, mac=nonnull_string)
nonnull_domain_checkpoint = struct("nonnull_domain_checkpoint", name=nonnull_string, dom=nonnull_domain)
nonnull_domain_snapshot = struct("nonnull_domain_snapshot", name=nonnull_string, dom=nonnull_domain)
vcpu_info = struct("vcpu_info", number=uint32, state=int32, cpu_time=uint64, cpu=int32)
typed_param_value = union(
    "typed_param_value",
    {
        1: ("i", int32),
        2: ("ui", uint32),
        3: ("l", int64),
        4: ("ul", uint64),
        5: ("d", double),
        6: ("b", int32),
        7: ("s", nonnull_string),
    },
)
typed_param = struct("typed_param", field=nonnull_string, value=typed_param_value)
domain_disk_error = struct("domain_disk_error", disk=nonnull_string, error=int32)
domain_stats_record = struct(
    "domain_stats_record",
    dom=nonnull_domain,
    params=vararray(typed_param, limits.CONNECT_GET_ALL_DOMAIN_STATS_MAX),
)
