"""Structs of network filters and their bindings."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import nonnull_nwfilter, nonnull_nwfilter_binding, nonnull_string, uuid
from virtloom.xdr import int32, struct, uint32, vararray

connect_num_of_nwfilters_ret = struct("connect_num_of_nwfilters_ret", num=int32)
connect_list_nwfilters_args = struct("connect_list_nwfilters_args", maxnames=int32)
connect_list_nwfilters_ret = struct(
    "connect_list_nwfilters_ret",
    names=vararray(nonnull_string, limits.NWFILTER_LIST_MAX),
)
nwfilter_lookup_by_uuid_args = struct("nwfilter_lookup_by_uuid_args", uuid=uuid)
nwfilter_lookup_by_uuid_ret = struct("nwfilter_lookup_by_uuid_ret", nwfilter=nonnull_nwfilter)
nwfilter_lookup_by_name_args = struct("nwfilter_lookup_by_name_args", name=nonnull_string)
nwfilter_lookup_by_name_ret = struct("nwfilter_lookup_by_name_ret", nwfilter=nonnull_nwfilter)
nwfilter_define_xml_args = struct("nwfilter_define_xml_args", xml=nonnull_string)
nwfilter_define_xml_ret = struct("nwfilter_define_xml_ret", nwfilter=nonnull_nwfilter)
nwfilter_define_xml_flags_args = struct("nwfilter_define_xml_flags_args", xml=nonnull_string, flags=uint32)
nwfilter_define_xml_flags_ret = struct("nwfilter_define_xml_flags_ret", nwfilter=nonnull_nwfilter)
nwfilter_undefine_args = struct("nwfilter_undefine_args", nwfilter=nonnull_nwfilter)
nwfilter_get_xml_desc_args = struct("nwfilter_get_xml_desc_args", nwfilter=nonnull_nwfilter, flags=uint32)
nwfilter_get_xml_desc_ret = struct("nwfilter_get_xml_desc_ret", xml=nonnull_string)
connect_list_all_nwfilters_args = struct("connect_list_all_nwfilters_args", need_results=int32, flags=uint32)
connect_list_all_nwfilters_ret = struct(
    "connect_list_all_nwfilters_ret",
    filters=vararray(nonnull_nwfilter, limits.NWFILTER_LIST_MAX),
    ret=uint32,
)
nwfilter_binding_lookup_by_port_dev_args = struct("nwfilter_binding_lookup_by_port_dev_args", name=nonnull_string)
nwfilter_binding_lookup_by_port_dev_ret = struct(
    "nwfilter_binding_lookup_by_port_dev_ret",
    nwfilter=nonnull_nwfilter_binding,
)
nwfilter_binding_create_xml_args = struct("nwfilter_binding_create_xml_args", xml=nonnull_string, flags=uint32)
nwfilter_binding_create_xml_ret = struct("nwfilter_binding_create_xml_ret", nwfilter=nonnull_nwfilter_binding)
nwfilter_binding_delete_args = struct("nwfilter_binding_delete_args", nwfilter=nonnull_nwfilter_binding)
nwfilter_binding_get_xml_desc_args = struct(
    "nwfilter_binding_get_xml_desc_args",
    nwfilter=nonnull_nwfilter_binding,
    flags=uint32,
)
nwfilter_binding_get_xml_desc_ret = struct("nwfilter_binding_get_xml_desc_ret", xml=nonnull_string)
connect_list_all_nwfilter_bindings_args = struct(
    "connect_list_all_nwfilter_bindings_args",
    need_results=int32,
    flags=uint32,
)
connect_list_all_nwfilter_bindings_ret = struct(
    "connect_list_all_nwfilter_bindings_ret",
    bindings=vararray(nonnull_nwfilter_binding, limits.NWFILTER_BINDING_LIST_MAX),
    ret=uint32,
)
