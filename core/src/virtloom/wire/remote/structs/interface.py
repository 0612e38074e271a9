"""Structs of the host's network interfaces."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import nonnull_interface, nonnull_string
from virtloom.xdr import int32, struct, uint32, vararray

connect_num_of_interfaces_ret = struct("connect_num_of_interfaces_ret", num=int32)
connect_list_interfaces_args = struct("connect_list_interfaces_args", maxnames=int32)
connect_list_interfaces_ret = struct(
    "connect_list_interfaces_ret",
    names=vararray(nonnull_string, limits.INTERFACE_LIST_MAX),
)
connect_num_of_defined_interfaces_ret = struct("connect_num_of_defined_interfaces_ret", num=int32)
connect_list_defined_interfaces_args = struct("connect_list_defined_interfaces_args", maxnames=int32)
connect_list_defined_interfaces_ret = struct(
    "connect_list_defined_interfaces_ret",
    names=vararray(nonnull_string, limits.INTERFACE_LIST_MAX),
)
interface_lookup_by_name_args = struct("interface_lookup_by_name_args", name=nonnull_string)
interface_lookup_by_name_ret = struct("interface_lookup_by_name_ret", iface=nonnull_interface)
interface_lookup_by_mac_string_args = struct("interface_lookup_by_mac_string_args", mac=nonnull_string)
interface_lookup_by_mac_string_ret = struct("interface_lookup_by_mac_string_ret", iface=nonnull_interface)
interface_get_xml_desc_args = struct("interface_get_xml_desc_args", iface=nonnull_interface, flags=uint32)
interface_get_xml_desc_ret = struct("interface_get_xml_desc_ret", xml=nonnull_string)
interface_define_xml_args = struct("interface_define_xml_args", xml=nonnull_string, flags=uint32)
interface_define_xml_ret = struct("interface_define_xml_ret", iface=nonnull_interface)
interface_undefine_args = struct("interface_undefine_args", iface=nonnull_interface)
interface_create_args = struct("interface_create_args", iface=nonnull_interface, flags=uint32)
interface_destroy_args = struct("interface_destroy_args", iface=nonnull_interface, flags=uint32)
interface_change_begin_args = struct("interface_change_begin_args", flags=uint32)
interface_change_commit_args = struct("interface_change_commit_args", flags=uint32)
interface_change_rollback_args = struct("interface_change_rollback_args", flags=uint32)
interface_is_active_args = struct("interface_is_active_args", iface=nonnull_interface)
interface_is_active_ret = struct("interface_is_active_ret", active=int32)
connect_list_all_interfaces_args = struct("connect_list_all_interfaces_args", need_results=int32, flags=uint32)
connect_list_all_interfaces_ret = struct(
    "connect_list_all_interfaces_ret",
    ifaces=vararray(nonnull_interface, limits.INTERFACE_LIST_MAX),
    ret=uint32,
)
