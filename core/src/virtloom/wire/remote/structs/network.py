"""Structs of virtual networks and their ports."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import (
    maybe_string,
    nonnull_network,
    nonnull_network_port,
    nonnull_string,
    typed_param,
    uuid,
)
from virtloom.xdr import int32, int64, struct, uint32, vararray

connect_num_of_networks_ret = struct("connect_num_of_networks_ret", num=int32)
connect_list_networks_args = struct("connect_list_networks_args", maxnames=int32)
connect_list_networks_ret = struct("connect_list_networks_ret", names=vararray(nonnull_string, limits.NETWORK_LIST_MAX))
connect_num_of_defined_networks_ret = struct("connect_num_of_defined_networks_ret", num=int32)
connect_list_defined_networks_args = struct("connect_list_defined_networks_args", maxnames=int32)
connect_list_defined_networks_ret = struct(
    "connect_list_defined_networks_ret",
    names=vararray(nonnull_string, limits.NETWORK_LIST_MAX),
)
network_lookup_by_uuid_args = struct("network_lookup_by_uuid_args", uuid=uuid)
network_lookup_by_uuid_ret = struct("network_lookup_by_uuid_ret", net=nonnull_network)
network_lookup_by_name_args = struct("network_lookup_by_name_args", name=nonnull_string)
network_lookup_by_name_ret = struct("network_lookup_by_name_ret", net=nonnull_network)
network_create_xml_args = struct("network_create_xml_args", xml=nonnull_string)
network_create_xml_ret = struct("network_create_xml_ret", net=nonnull_network)
network_create_xml_flags_args = struct("network_create_xml_flags_args", xml=nonnull_string, flags=uint32)
network_create_xml_flags_ret = struct("network_create_xml_flags_ret", net=nonnull_network)
network_define_xml_args = struct("network_define_xml_args", xml=nonnull_string)
network_define_xml_ret = struct("network_define_xml_ret", net=nonnull_network)
network_define_xml_flags_args = struct("network_define_xml_flags_args", xml=nonnull_string, flags=uint32)
network_define_xml_flags_ret = struct("network_define_xml_flags_ret", net=nonnull_network)
network_undefine_args = struct("network_undefine_args", net=nonnull_network)
network_update_args = struct(
    "network_update_args",
    net=nonnull_network,
    command=uint32,
    section=uint32,
    parentIndex=int32,
    xml=nonnull_string,
    flags=uint32,
)
network_create_args = struct("network_create_args", net=nonnull_network)
network_destroy_args = struct("network_destroy_args", net=nonnull_network)
network_get_xml_desc_args = struct("network_get_xml_desc_args", net=nonnull_network, flags=uint32)
network_get_xml_desc_ret = struct("network_get_xml_desc_ret", xml=nonnull_string)
network_get_bridge_name_args = struct("network_get_bridge_name_args", net=nonnull_network)
network_get_bridge_name_ret = struct("network_get_bridge_name_ret", name=nonnull_string)
network_get_autostart_args = struct("network_get_autostart_args", net=nonnull_network)
network_get_autostart_ret = struct("network_get_autostart_ret", autostart=int32)
network_set_autostart_args = struct("network_set_autostart_args", net=nonnull_network, autostart=int32)
network_is_active_args = struct("network_is_active_args", net=nonnull_network)
network_is_active_ret = struct("network_is_active_ret", active=int32)
network_is_persistent_args = struct("network_is_persistent_args", net=nonnull_network)
network_is_persistent_ret = struct("network_is_persistent_ret", persistent=int32)
connect_list_all_networks_args = struct("connect_list_all_networks_args", need_results=int32, flags=uint32)
connect_list_all_networks_ret = struct(
    "connect_list_all_networks_ret",
    nets=vararray(nonnull_network, limits.NETWORK_LIST_MAX),
    ret=uint32,
)
network_set_metadata_args = struct(
    "network_set_metadata_args",
    network=nonnull_network,
    type=int32,
    metadata=maybe_string,
    key=maybe_string,
    uri=maybe_string,
    flags=uint32,
)
network_get_metadata_args = struct(
    "network_get_metadata_args",
    network=nonnull_network,
    type=int32,
    uri=maybe_string,
    flags=uint32,
)
network_get_metadata_ret = struct("network_get_metadata_ret", metadata=nonnull_string)
network_dhcp_lease = struct(
    "network_dhcp_lease",
    iface=nonnull_string,
    expirytime=int64,
    type=int32,
    mac=maybe_string,
    iaid=maybe_string,
    ipaddr=nonnull_string,
    prefix=uint32,
    hostname=maybe_string,
    clientid=maybe_string,
)
network_get_dhcp_leases_args = struct(
    "network_get_dhcp_leases_args",
    net=nonnull_network,
    mac=maybe_string,
    need_results=int32,
    flags=uint32,
)
network_get_dhcp_leases_ret = struct(
    "network_get_dhcp_leases_ret",
    leases=vararray(network_dhcp_lease, limits.NETWORK_DHCP_LEASES_MAX),
    ret=uint32,
)
network_list_all_ports_args = struct(
    "network_list_all_ports_args",
    network=nonnull_network,
    need_results=int32,
    flags=uint32,
)
network_list_all_ports_ret = struct(
    "network_list_all_ports_ret",
    ports=vararray(nonnull_network_port, limits.NETWORK_PORT_LIST_MAX),
    ret=uint32,
)
network_port_lookup_by_uuid_args = struct("network_port_lookup_by_uuid_args", network=nonnull_network, uuid=uuid)
network_port_lookup_by_uuid_ret = struct("network_port_lookup_by_uuid_ret", port=nonnull_network_port)
network_port_create_xml_args = struct(
    "network_port_create_xml_args",
    network=nonnull_network,
    xml=nonnull_string,
    flags=uint32,
)
network_port_create_xml_ret = struct("network_port_create_xml_ret", port=nonnull_network_port)
network_port_set_parameters_args = struct(
    "network_port_set_parameters_args",
    port=nonnull_network_port,
    params=vararray(typed_param, limits.NETWORK_PORT_PARAMETERS_MAX),
    flags=uint32,
)
network_port_get_parameters_args = struct(
    "network_port_get_parameters_args",
    port=nonnull_network_port,
    nparams=int32,
    flags=uint32,
)
network_port_get_parameters_ret = struct(
    "network_port_get_parameters_ret",
    params=vararray(typed_param, limits.NETWORK_PORT_PARAMETERS_MAX),
    nparams=int32,
)
network_port_get_xml_desc_args = struct("network_port_get_xml_desc_args", port=nonnull_network_port, flags=uint32)
network_port_get_xml_desc_ret = struct("network_port_get_xml_desc_ret", xml=nonnull_string)
network_port_delete_args = struct("network_port_delete_args", port=nonnull_network_port, flags=uint32)
