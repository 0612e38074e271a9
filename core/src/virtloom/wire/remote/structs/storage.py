"""Structs of storage pools and volumes."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import (
    maybe_string,
    nonnull_storage_pool,
    nonnull_storage_vol,
    nonnull_string,
    uuid,
)
from virtloom.xdr import char, int32, struct, uchar, uint32, uint64, vararray

connect_num_of_storage_pools_ret = struct("connect_num_of_storage_pools_ret", num=int32)
connect_list_storage_pools_args = struct("connect_list_storage_pools_args", maxnames=int32)
connect_list_storage_pools_ret = struct(
    "connect_list_storage_pools_ret",
    names=vararray(nonnull_string, limits.STORAGE_POOL_LIST_MAX),
)
connect_num_of_defined_storage_pools_ret = struct("connect_num_of_defined_storage_pools_ret", num=int32)
connect_list_defined_storage_pools_args = struct("connect_list_defined_storage_pools_args", maxnames=int32)
connect_list_defined_storage_pools_ret = struct(
    "connect_list_defined_storage_pools_ret",
    names=vararray(nonnull_string, limits.STORAGE_POOL_LIST_MAX),
)
connect_find_storage_pool_sources_args = struct(
    "connect_find_storage_pool_sources_args",
    type=nonnull_string,
    srcSpec=maybe_string,
    flags=uint32,
)
connect_find_storage_pool_sources_ret = struct("connect_find_storage_pool_sources_ret", xml=nonnull_string)
storage_pool_lookup_by_uuid_args = struct("storage_pool_lookup_by_uuid_args", uuid=uuid)
storage_pool_lookup_by_uuid_ret = struct("storage_pool_lookup_by_uuid_ret", pool=nonnull_storage_pool)
storage_pool_lookup_by_name_args = struct("storage_pool_lookup_by_name_args", name=nonnull_string)
storage_pool_lookup_by_name_ret = struct("storage_pool_lookup_by_name_ret", pool=nonnull_storage_pool)
storage_pool_lookup_by_volume_args = struct("storage_pool_lookup_by_volume_args", vol=nonnull_storage_vol)
storage_pool_lookup_by_volume_ret = struct("storage_pool_lookup_by_volume_ret", pool=nonnull_storage_pool)
storage_pool_lookup_by_target_path_args = struct("storage_pool_lookup_by_target_path_args", path=nonnull_string)
storage_pool_lookup_by_target_path_ret = struct("storage_pool_lookup_by_target_path_ret", pool=nonnull_storage_pool)
storage_pool_create_xml_args = struct("storage_pool_create_xml_args", xml=nonnull_string, flags=uint32)
storage_pool_create_xml_ret = struct("storage_pool_create_xml_ret", pool=nonnull_storage_pool)
storage_pool_define_xml_args = struct("storage_pool_define_xml_args", xml=nonnull_string, flags=uint32)
storage_pool_define_xml_ret = struct("storage_pool_define_xml_ret", pool=nonnull_storage_pool)
storage_pool_build_args = struct("storage_pool_build_args", pool=nonnull_storage_pool, flags=uint32)
storage_pool_undefine_args = struct("storage_pool_undefine_args", pool=nonnull_storage_pool)
storage_pool_create_args = struct("storage_pool_create_args", pool=nonnull_storage_pool, flags=uint32)
storage_pool_destroy_args = struct("storage_pool_destroy_args", pool=nonnull_storage_pool)
storage_pool_delete_args = struct("storage_pool_delete_args", pool=nonnull_storage_pool, flags=uint32)
storage_pool_refresh_args = struct("storage_pool_refresh_args", pool=nonnull_storage_pool, flags=uint32)
storage_pool_get_xml_desc_args = struct("storage_pool_get_xml_desc_args", pool=nonnull_storage_pool, flags=uint32)
storage_pool_get_xml_desc_ret = struct("storage_pool_get_xml_desc_ret", xml=nonnull_string)
storage_pool_get_info_args = struct("storage_pool_get_info_args", pool=nonnull_storage_pool)
storage_pool_get_info_ret = struct(
    "storage_pool_get_info_ret",
    state=uchar,
    capacity=uint64,
    allocation=uint64,
    available=uint64,
)
storage_pool_get_autostart_args = struct("storage_pool_get_autostart_args", pool=nonnull_storage_pool)
storage_pool_get_autostart_ret = struct("storage_pool_get_autostart_ret", autostart=int32)
storage_pool_set_autostart_args = struct("storage_pool_set_autostart_args", pool=nonnull_storage_pool, autostart=int32)
storage_pool_num_of_volumes_args = struct("storage_pool_num_of_volumes_args", pool=nonnull_storage_pool)
storage_pool_num_of_volumes_ret = struct("storage_pool_num_of_volumes_ret", num=int32)
storage_pool_list_volumes_args = struct("storage_pool_list_volumes_args", pool=nonnull_storage_pool, maxnames=int32)
storage_pool_list_volumes_ret = struct(
    "storage_pool_list_volumes_ret",
    names=vararray(nonnull_string, limits.STORAGE_VOL_LIST_MAX),
)
storage_vol_lookup_by_name_args = struct(
    "storage_vol_lookup_by_name_args",
    pool=nonnull_storage_pool,
    name=nonnull_string,
)
storage_vol_lookup_by_name_ret = struct("storage_vol_lookup_by_name_ret", vol=nonnull_storage_vol)
storage_vol_lookup_by_key_args = struct("storage_vol_lookup_by_key_args", key=nonnull_string)
storage_vol_lookup_by_key_ret = struct("storage_vol_lookup_by_key_ret", vol=nonnull_storage_vol)
storage_vol_lookup_by_path_args = struct("storage_vol_lookup_by_path_args", path=nonnull_string)
storage_vol_lookup_by_path_ret = struct("storage_vol_lookup_by_path_ret", vol=nonnull_storage_vol)
storage_vol_create_xml_args = struct(
    "storage_vol_create_xml_args",
    pool=nonnull_storage_pool,
    xml=nonnull_string,
    flags=uint32,
)
storage_vol_create_xml_ret = struct("storage_vol_create_xml_ret", vol=nonnull_storage_vol)
storage_vol_create_xml_from_args = struct(
    "storage_vol_create_xml_from_args",
    pool=nonnull_storage_pool,
    xml=nonnull_string,
    clonevol=nonnull_storage_vol,
    flags=uint32,
)
storage_vol_create_xml_from_ret = struct("storage_vol_create_xml_from_ret", vol=nonnull_storage_vol)
storage_vol_delete_args = struct("storage_vol_delete_args", vol=nonnull_storage_vol, flags=uint32)
storage_vol_wipe_args = struct("storage_vol_wipe_args", vol=nonnull_storage_vol, flags=uint32)
storage_vol_wipe_pattern_args = struct(
    "storage_vol_wipe_pattern_args",
    vol=nonnull_storage_vol,
    algorithm=uint32,
    flags=uint32,
)
storage_vol_get_xml_desc_args = struct("storage_vol_get_xml_desc_args", vol=nonnull_storage_vol, flags=uint32)
storage_vol_get_xml_desc_ret = struct("storage_vol_get_xml_desc_ret", xml=nonnull_string)
storage_vol_get_info_args = struct("storage_vol_get_info_args", vol=nonnull_storage_vol)
storage_vol_get_info_ret = struct("storage_vol_get_info_ret", type=char, capacity=uint64, allocation=uint64)
storage_vol_get_info_flags_args = struct("storage_vol_get_info_flags_args", vol=nonnull_storage_vol, flags=uint32)
storage_vol_get_info_flags_ret = struct("storage_vol_get_info_flags_ret", type=char, capacity=uint64, allocation=uint64)
storage_vol_get_path_args = struct("storage_vol_get_path_args", vol=nonnull_storage_vol)
storage_vol_get_path_ret = struct("storage_vol_get_path_ret", name=nonnull_string)
storage_vol_resize_args = struct("storage_vol_resize_args", vol=nonnull_storage_vol, capacity=uint64, flags=uint32)
storage_pool_is_active_args = struct("storage_pool_is_active_args", pool=nonnull_storage_pool)
storage_pool_is_active_ret = struct("storage_pool_is_active_ret", active=int32)
storage_pool_is_persistent_args = struct("storage_pool_is_persistent_args", pool=nonnull_storage_pool)
storage_pool_is_persistent_ret = struct("storage_pool_is_persistent_ret", persistent=int32)
storage_vol_upload_args = struct(
    "storage_vol_upload_args",
    vol=nonnull_storage_vol,
    offset=uint64,
    length=uint64,
    flags=uint32,
)
storage_vol_download_args = struct(
    "storage_vol_download_args",
    vol=nonnull_storage_vol,
    offset=uint64,
    length=uint64,
    flags=uint32,
)
connect_list_all_storage_pools_args = struct("connect_list_all_storage_pools_args", need_results=int32, flags=uint32)
connect_list_all_storage_pools_ret = struct(
    "connect_list_all_storage_pools_ret",
    pools=vararray(nonnull_storage_pool, limits.STORAGE_POOL_LIST_MAX),
    ret=uint32,
)
storage_pool_list_all_volumes_args = struct(
    "storage_pool_list_all_volumes_args",
    pool=nonnull_storage_pool,
    need_results=int32,
    flags=uint32,
)
storage_pool_list_all_volumes_ret = struct(
    "storage_pool_list_all_volumes_ret",
    vols=vararray(nonnull_storage_vol, limits.STORAGE_VOL_LIST_MAX),
    ret=uint32,
)
connect_get_storage_pool_capabilities_args = struct("connect_get_storage_pool_capabilities_args", flags=uint32)
connect_get_storage_pool_capabilities_ret = struct(
    "connect_get_storage_pool_capabilities_ret",
    capabilities=nonnull_string,
)
