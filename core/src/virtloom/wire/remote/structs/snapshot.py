"""Structs of snapshots, checkpoints and backups of domains."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import (
    maybe_string,
    nonnull_domain,
    nonnull_domain_checkpoint,
    nonnull_domain_snapshot,
    nonnull_string,
)
from virtloom.xdr import int32, struct, uint32, vararray

domain_snapshot_create_xml_args = struct(
    "domain_snapshot_create_xml_args",
    dom=nonnull_domain,
    xml_desc=nonnull_string,
    flags=uint32,
)
domain_snapshot_create_xml_ret = struct("domain_snapshot_create_xml_ret", snap=nonnull_domain_snapshot)
domain_snapshot_get_xml_desc_args = struct(
    "domain_snapshot_get_xml_desc_args",
    snap=nonnull_domain_snapshot,
    flags=uint32,
)
domain_snapshot_get_xml_desc_ret = struct("domain_snapshot_get_xml_desc_ret", xml=nonnull_string)
domain_snapshot_num_args = struct("domain_snapshot_num_args", dom=nonnull_domain, flags=uint32)
domain_snapshot_num_ret = struct("domain_snapshot_num_ret", num=int32)
domain_snapshot_list_names_args = struct(
    "domain_snapshot_list_names_args",
    dom=nonnull_domain,
    maxnames=int32,
    flags=uint32,
)
domain_snapshot_list_names_ret = struct(
    "domain_snapshot_list_names_ret",
    names=vararray(nonnull_string, limits.DOMAIN_SNAPSHOT_LIST_MAX),
)
domain_list_all_snapshots_args = struct(
    "domain_list_all_snapshots_args",
    dom=nonnull_domain,
    need_results=int32,
    flags=uint32,
)
domain_list_all_snapshots_ret = struct(
    "domain_list_all_snapshots_ret",
    snapshots=vararray(nonnull_domain_snapshot, limits.DOMAIN_SNAPSHOT_LIST_MAX),
    ret=int32,
)
domain_snapshot_num_children_args = struct(
    "domain_snapshot_num_children_args",
    snap=nonnull_domain_snapshot,
    flags=uint32,
)
domain_snapshot_num_children_ret = struct("domain_snapshot_num_children_ret", num=int32)
domain_snapshot_list_children_names_args = struct(
    "domain_snapshot_list_children_names_args",
    snap=nonnull_domain_snapshot,
    maxnames=int32,
    flags=uint32,
)
domain_snapshot_list_children_names_ret = struct(
    "domain_snapshot_list_children_names_ret",
    names=vararray(nonnull_string, limits.DOMAIN_SNAPSHOT_LIST_MAX),
)
domain_snapshot_list_all_children_args = struct(
    "domain_snapshot_list_all_children_args",
    snapshot=nonnull_domain_snapshot,
    need_results=int32,
    flags=uint32,
)
domain_snapshot_list_all_children_ret = struct(
    "domain_snapshot_list_all_children_ret",
    snapshots=vararray(nonnull_domain_snapshot, limits.DOMAIN_SNAPSHOT_LIST_MAX),
    ret=int32,
)
domain_snapshot_lookup_by_name_args = struct(
    "domain_snapshot_lookup_by_name_args",
    dom=nonnull_domain,
    name=nonnull_string,
    flags=uint32,
)
domain_snapshot_lookup_by_name_ret = struct("domain_snapshot_lookup_by_name_ret", snap=nonnull_domain_snapshot)
domain_has_current_snapshot_args = struct("domain_has_current_snapshot_args", dom=nonnull_domain, flags=uint32)
domain_has_current_snapshot_ret = struct("domain_has_current_snapshot_ret", result=int32)
domain_snapshot_get_parent_args = struct("domain_snapshot_get_parent_args", snap=nonnull_domain_snapshot, flags=uint32)
domain_snapshot_get_parent_ret = struct("domain_snapshot_get_parent_ret", snap=nonnull_domain_snapshot)
domain_snapshot_current_args = struct("domain_snapshot_current_args", dom=nonnull_domain, flags=uint32)
domain_snapshot_current_ret = struct("domain_snapshot_current_ret", snap=nonnull_domain_snapshot)
domain_snapshot_is_current_args = struct("domain_snapshot_is_current_args", snap=nonnull_domain_snapshot, flags=uint32)
domain_snapshot_is_current_ret = struct("domain_snapshot_is_current_ret", current=int32)
domain_snapshot_has_metadata_args = struct(
    "domain_snapshot_has_metadata_args",
    snap=nonnull_domain_snapshot,
    flags=uint32,
)
domain_snapshot_has_metadata_ret = struct("domain_snapshot_has_metadata_ret", metadata=int32)
domain_revert_to_snapshot_args = struct("domain_revert_to_snapshot_args", snap=nonnull_domain_snapshot, flags=uint32)
domain_snapshot_delete_args = struct("domain_snapshot_delete_args", snap=nonnull_domain_snapshot, flags=uint32)
domain_checkpoint_create_xml_args = struct(
    "domain_checkpoint_create_xml_args",
    dom=nonnull_domain,
    xml_desc=nonnull_string,
    flags=uint32,
)
domain_checkpoint_create_xml_ret = struct("domain_checkpoint_create_xml_ret", checkpoint=nonnull_domain_checkpoint)
domain_checkpoint_get_xml_desc_args = struct(
    "domain_checkpoint_get_xml_desc_args",
    checkpoint=nonnull_domain_checkpoint,
    flags=uint32,
)
domain_checkpoint_get_xml_desc_ret = struct("domain_checkpoint_get_xml_desc_ret", xml=nonnull_string)
domain_list_all_checkpoints_args = struct(
    "domain_list_all_checkpoints_args",
    dom=nonnull_domain,
    need_results=int32,
    flags=uint32,
)
domain_list_all_checkpoints_ret = struct(
    "domain_list_all_checkpoints_ret",
    checkpoints=vararray(nonnull_domain_checkpoint, limits.DOMAIN_CHECKPOINT_LIST_MAX),
    ret=int32,
)
domain_checkpoint_list_all_children_args = struct(
    "domain_checkpoint_list_all_children_args",
    checkpoint=nonnull_domain_checkpoint,
    need_results=int32,
    flags=uint32,
)
domain_checkpoint_list_all_children_ret = struct(
    "domain_checkpoint_list_all_children_ret",
    checkpoints=vararray(nonnull_domain_checkpoint, limits.DOMAIN_CHECKPOINT_LIST_MAX),
    ret=int32,
)
domain_checkpoint_lookup_by_name_args = struct(
    "domain_checkpoint_lookup_by_name_args",
    dom=nonnull_domain,
    name=nonnull_string,
    flags=uint32,
)
domain_checkpoint_lookup_by_name_ret = struct(
    "domain_checkpoint_lookup_by_name_ret",
    checkpoint=nonnull_domain_checkpoint,
)
domain_checkpoint_get_parent_args = struct(
    "domain_checkpoint_get_parent_args",
    checkpoint=nonnull_domain_checkpoint,
    flags=uint32,
)
domain_checkpoint_get_parent_ret = struct("domain_checkpoint_get_parent_ret", parent=nonnull_domain_checkpoint)
domain_checkpoint_delete_args = struct(
    "domain_checkpoint_delete_args",
    checkpoint=nonnull_domain_checkpoint,
    flags=uint32,
)
domain_backup_begin_args = struct(
    "domain_backup_begin_args",
    dom=nonnull_domain,
    backup_xml=nonnull_string,
    checkpoint_xml=maybe_string,
    flags=uint32,
)
domain_backup_get_xml_desc_args = struct("domain_backup_get_xml_desc_args", dom=nonnull_domain, flags=uint32)
domain_backup_get_xml_desc_ret = struct("domain_backup_get_xml_desc_ret", xml=nonnull_string)
