"""Structs of the host's devices."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import maybe_string, nonnull_node_device, nonnull_string
from virtloom.xdr import int32, struct, uint32, vararray

node_num_of_devices_args = struct("node_num_of_devices_args", cap=maybe_string, flags=uint32)
node_num_of_devices_ret = struct("node_num_of_devices_ret", num=int32)
node_list_devices_args = struct("node_list_devices_args", cap=maybe_string, maxnames=int32, flags=uint32)
node_list_devices_ret = struct("node_list_devices_ret", names=vararray(nonnull_string, limits.NODE_DEVICE_LIST_MAX))
node_device_lookup_by_name_args = struct("node_device_lookup_by_name_args", name=nonnull_string)
node_device_lookup_by_name_ret = struct("node_device_lookup_by_name_ret", dev=nonnull_node_device)
node_device_lookup_scsi_host_by_wwn_args = struct(
    "node_device_lookup_scsi_host_by_wwn_args",
    wwnn=nonnull_string,
    wwpn=nonnull_string,
    flags=uint32,
)
node_device_lookup_scsi_host_by_wwn_ret = struct("node_device_lookup_scsi_host_by_wwn_ret", dev=nonnull_node_device)
node_device_get_xml_desc_args = struct("node_device_get_xml_desc_args", name=nonnull_string, flags=uint32)
node_device_get_xml_desc_ret = struct("node_device_get_xml_desc_ret", xml=nonnull_string)
node_device_get_parent_args = struct("node_device_get_parent_args", name=nonnull_string)
node_device_get_parent_ret = struct("node_device_get_parent_ret", parentName=maybe_string)
node_device_num_of_caps_args = struct("node_device_num_of_caps_args", name=nonnull_string)
node_device_num_of_caps_ret = struct("node_device_num_of_caps_ret", num=int32)
node_device_list_caps_args = struct("node_device_list_caps_args", name=nonnull_string, maxnames=int32)
node_device_list_caps_ret = struct(
    "node_device_list_caps_ret",
    names=vararray(nonnull_string, limits.NODE_DEVICE_CAPS_LIST_MAX),
)
node_device_dettach_args = struct("node_device_dettach_args", name=nonnull_string)
node_device_detach_flags_args = struct(
    "node_device_detach_flags_args",
    name=nonnull_string,
    driverName=maybe_string,
    flags=uint32,
)
node_device_re_attach_args = struct("node_device_re_attach_args", name=nonnull_string)
node_device_reset_args = struct("node_device_reset_args", name=nonnull_string)
node_device_create_xml_args = struct("node_device_create_xml_args", xml_desc=nonnull_string, flags=uint32)
node_device_create_xml_ret = struct("node_device_create_xml_ret", dev=nonnull_node_device)
node_device_destroy_args = struct("node_device_destroy_args", name=nonnull_string)
node_device_define_xml_args = struct("node_device_define_xml_args", xml_desc=nonnull_string, flags=uint32)
node_device_define_xml_ret = struct("node_device_define_xml_ret", dev=nonnull_node_device)
node_device_undefine_args = struct("node_device_undefine_args", name=nonnull_string, flags=uint32)
node_device_create_args = struct("node_device_create_args", name=nonnull_string, flags=uint32)
node_device_get_autostart_args = struct("node_device_get_autostart_args", name=nonnull_string)
node_device_get_autostart_ret = struct("node_device_get_autostart_ret", autostart=int32)
node_device_set_autostart_args = struct("node_device_set_autostart_args", name=nonnull_string, autostart=int32)
node_device_is_persistent_args = struct("node_device_is_persistent_args", name=nonnull_string)
node_device_is_persistent_ret = struct("node_device_is_persistent_ret", persistent=int32)
node_device_is_active_args = struct("node_device_is_active_args", name=nonnull_string)
node_device_is_active_ret = struct("node_device_is_active_ret", active=int32)
node_device_update_args = struct("node_device_update_args", name=nonnull_string, xml_desc=nonnull_string, flags=uint32)
connect_list_all_node_devices_args = struct("connect_list_all_node_devices_args", need_results=int32, flags=uint32)
connect_list_all_node_devices_ret = struct(
    "connect_list_all_node_devices_ret",
    devices=vararray(nonnull_node_device, limits.NODE_DEVICE_LIST_MAX),
    ret=uint32,
)
