"""Structs of events, and registering for them."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import (
    maybe_domain,
    maybe_network,
    maybe_node_device,
    maybe_secret,
    maybe_storage_pool,
    maybe_string,
    nonnull_domain,
    nonnull_network,
    nonnull_node_device,
    nonnull_secret,
    nonnull_storage_pool,
    nonnull_string,
    typed_param,
)
from virtloom.xdr import int32, int64, struct, uint32, uint64, vararray

connect_domain_event_register_ret = struct("connect_domain_event_register_ret", cb_registered=int32)
connect_domain_event_deregister_ret = struct("connect_domain_event_deregister_ret", cb_registered=int32)
domain_event_lifecycle_msg = struct("domain_event_lifecycle_msg", dom=nonnull_domain, event=int32, detail=int32)
domain_event_callback_lifecycle_msg = struct(
    "domain_event_callback_lifecycle_msg",
    callbackID=int32,
    msg=domain_event_lifecycle_msg,
)
connect_domain_event_register_any_args = struct("connect_domain_event_register_any_args", eventID=int32)
connect_domain_event_deregister_any_args = struct("connect_domain_event_deregister_any_args", eventID=int32)
connect_domain_event_callback_register_any_args = struct(
    "connect_domain_event_callback_register_any_args",
    eventID=int32,
    dom=maybe_domain,
)
connect_domain_event_callback_register_any_ret = struct(
    "connect_domain_event_callback_register_any_ret",
    callbackID=int32,
)
connect_domain_event_callback_deregister_any_args = struct(
    "connect_domain_event_callback_deregister_any_args",
    callbackID=int32,
)
domain_event_reboot_msg = struct("domain_event_reboot_msg", dom=nonnull_domain)
domain_event_callback_reboot_msg = struct(
    "domain_event_callback_reboot_msg",
    callbackID=int32,
    msg=domain_event_reboot_msg,
)
domain_event_rtc_change_msg = struct("domain_event_rtc_change_msg", dom=nonnull_domain, offset=int64)
domain_event_callback_rtc_change_msg = struct(
    "domain_event_callback_rtc_change_msg",
    callbackID=int32,
    msg=domain_event_rtc_change_msg,
)
domain_event_watchdog_msg = struct("domain_event_watchdog_msg", dom=nonnull_domain, action=int32)
domain_event_callback_watchdog_msg = struct(
    "domain_event_callback_watchdog_msg",
    callbackID=int32,
    msg=domain_event_watchdog_msg,
)
domain_event_io_error_msg = struct(
    "domain_event_io_error_msg",
    dom=nonnull_domain,
    srcPath=nonnull_string,
    devAlias=nonnull_string,
    action=int32,
)
domain_event_callback_io_error_msg = struct(
    "domain_event_callback_io_error_msg",
    callbackID=int32,
    msg=domain_event_io_error_msg,
)
domain_event_io_error_reason_msg = struct(
    "domain_event_io_error_reason_msg",
    dom=nonnull_domain,
    srcPath=nonnull_string,
    devAlias=nonnull_string,
    action=int32,
    reason=nonnull_string,
)
domain_event_callback_io_error_reason_msg = struct(
    "domain_event_callback_io_error_reason_msg",
    callbackID=int32,
    msg=domain_event_io_error_reason_msg,
)
domain_event_graphics_address = struct(
    "domain_event_graphics_address",
    family=int32,
    node=nonnull_string,
    service=nonnull_string,
)
domain_event_graphics_identity = struct("domain_event_graphics_identity", type=nonnull_string, name=nonnull_string)
domain_event_graphics_msg = struct(
    "domain_event_graphics_msg",
    dom=nonnull_domain,
    phase=int32,
    local=domain_event_graphics_address,
    remote=domain_event_graphics_address,
    authScheme=nonnull_string,
    subject=vararray(domain_event_graphics_identity, limits.DOMAIN_EVENT_GRAPHICS_IDENTITY_MAX),
)
domain_event_callback_graphics_msg = struct(
    "domain_event_callback_graphics_msg",
    callbackID=int32,
    msg=domain_event_graphics_msg,
)
domain_event_block_job_msg = struct(
    "domain_event_block_job_msg",
    dom=nonnull_domain,
    path=nonnull_string,
    type=int32,
    status=int32,
)
domain_event_callback_block_job_msg = struct(
    "domain_event_callback_block_job_msg",
    callbackID=int32,
    msg=domain_event_block_job_msg,
)
domain_event_disk_change_msg = struct(
    "domain_event_disk_change_msg",
    dom=nonnull_domain,
    oldSrcPath=maybe_string,
    newSrcPath=maybe_string,
    devAlias=nonnull_string,
    reason=int32,
)
domain_event_callback_disk_change_msg = struct(
    "domain_event_callback_disk_change_msg",
    callbackID=int32,
    msg=domain_event_disk_change_msg,
)
domain_event_tray_change_msg = struct(
    "domain_event_tray_change_msg",
    dom=nonnull_domain,
    devAlias=nonnull_string,
    reason=int32,
)
domain_event_callback_tray_change_msg = struct(
    "domain_event_callback_tray_change_msg",
    callbackID=int32,
    msg=domain_event_tray_change_msg,
)
domain_event_pmwakeup_msg = struct("domain_event_pmwakeup_msg", dom=nonnull_domain)
domain_event_callback_pmwakeup_msg = struct(
    "domain_event_callback_pmwakeup_msg",
    callbackID=int32,
    reason=int32,
    msg=domain_event_pmwakeup_msg,
)
domain_event_pmsuspend_msg = struct("domain_event_pmsuspend_msg", dom=nonnull_domain)
domain_event_callback_pmsuspend_msg = struct(
    "domain_event_callback_pmsuspend_msg",
    callbackID=int32,
    reason=int32,
    msg=domain_event_pmsuspend_msg,
)
domain_event_balloon_change_msg = struct("domain_event_balloon_change_msg", dom=nonnull_domain, actual=uint64)
domain_event_callback_balloon_change_msg = struct(
    "domain_event_callback_balloon_change_msg",
    callbackID=int32,
    msg=domain_event_balloon_change_msg,
)
domain_event_pmsuspend_disk_msg = struct("domain_event_pmsuspend_disk_msg", dom=nonnull_domain)
domain_event_callback_pmsuspend_disk_msg = struct(
    "domain_event_callback_pmsuspend_disk_msg",
    callbackID=int32,
    reason=int32,
    msg=domain_event_pmsuspend_disk_msg,
)
domain_event_control_error_msg = struct("domain_event_control_error_msg", dom=nonnull_domain)
domain_event_callback_control_error_msg = struct(
    "domain_event_callback_control_error_msg",
    callbackID=int32,
    msg=domain_event_control_error_msg,
)
domain_event_device_removed_msg = struct("domain_event_device_removed_msg", dom=nonnull_domain, devAlias=nonnull_string)
domain_event_callback_device_removed_msg = struct(
    "domain_event_callback_device_removed_msg",
    callbackID=int32,
    msg=domain_event_device_removed_msg,
)
domain_event_block_job_2_msg = struct(
    "domain_event_block_job_2_msg",
    callbackID=int32,
    dom=nonnull_domain,
    dst=nonnull_string,
    type=int32,
    status=int32,
)
domain_event_block_threshold_msg = struct(
    "domain_event_block_threshold_msg",
    callbackID=int32,
    dom=nonnull_domain,
    dev=nonnull_string,
    path=maybe_string,
    threshold=uint64,
    excess=uint64,
)
domain_event_callback_tunable_msg = struct(
    "domain_event_callback_tunable_msg",
    callbackID=int32,
    dom=nonnull_domain,
    params=vararray(typed_param, limits.DOMAIN_EVENT_TUNABLE_MAX),
)
domain_event_callback_device_added_msg = struct(
    "domain_event_callback_device_added_msg",
    callbackID=int32,
    dom=nonnull_domain,
    devAlias=nonnull_string,
)
connect_event_connection_closed_msg = struct("connect_event_connection_closed_msg", reason=int32)
connect_network_event_register_any_args = struct(
    "connect_network_event_register_any_args",
    eventID=int32,
    net=maybe_network,
)
connect_network_event_register_any_ret = struct("connect_network_event_register_any_ret", callbackID=int32)
connect_network_event_deregister_any_args = struct("connect_network_event_deregister_any_args", callbackID=int32)
network_event_lifecycle_msg = struct(
    "network_event_lifecycle_msg",
    callbackID=int32,
    net=nonnull_network,
    event=int32,
    detail=int32,
)
network_event_callback_metadata_change_msg = struct(
    "network_event_callback_metadata_change_msg",
    callbackID=int32,
    net=nonnull_network,
    type=int32,
    nsuri=maybe_string,
)
connect_storage_pool_event_register_any_args = struct(
    "connect_storage_pool_event_register_any_args",
    eventID=int32,
    pool=maybe_storage_pool,
)
connect_storage_pool_event_register_any_ret = struct("connect_storage_pool_event_register_any_ret", callbackID=int32)
connect_storage_pool_event_deregister_any_args = struct(
    "connect_storage_pool_event_deregister_any_args",
    callbackID=int32,
)
storage_pool_event_lifecycle_msg = struct(
    "storage_pool_event_lifecycle_msg",
    callbackID=int32,
    pool=nonnull_storage_pool,
    event=int32,
    detail=int32,
)
storage_pool_event_refresh_msg = struct("storage_pool_event_refresh_msg", callbackID=int32, pool=nonnull_storage_pool)
connect_node_device_event_register_any_args = struct(
    "connect_node_device_event_register_any_args",
    eventID=int32,
    dev=maybe_node_device,
)
connect_node_device_event_register_any_ret = struct("connect_node_device_event_register_any_ret", callbackID=int32)
connect_node_device_event_deregister_any_args = struct(
    "connect_node_device_event_deregister_any_args",
    callbackID=int32,
)
node_device_event_lifecycle_msg = struct(
    "node_device_event_lifecycle_msg",
    callbackID=int32,
    dev=nonnull_node_device,
    event=int32,
    detail=int32,
)
node_device_event_update_msg = struct("node_device_event_update_msg", callbackID=int32, dev=nonnull_node_device)
domain_event_callback_agent_lifecycle_msg = struct(
    "domain_event_callback_agent_lifecycle_msg",
    callbackID=int32,
    dom=nonnull_domain,
    state=int32,
    reason=int32,
)
domain_event_callback_migration_iteration_msg = struct(
    "domain_event_callback_migration_iteration_msg",
    callbackID=int32,
    dom=nonnull_domain,
    iteration=int32,
)
domain_event_callback_job_completed_msg = struct(
    "domain_event_callback_job_completed_msg",
    callbackID=int32,
    dom=nonnull_domain,
    params=vararray(typed_param, limits.DOMAIN_JOB_STATS_MAX),
)
domain_event_callback_device_removal_failed_msg = struct(
    "domain_event_callback_device_removal_failed_msg",
    callbackID=int32,
    dom=nonnull_domain,
    devAlias=nonnull_string,
)
domain_event_callback_metadata_change_msg = struct(
    "domain_event_callback_metadata_change_msg",
    callbackID=int32,
    dom=nonnull_domain,
    type=int32,
    nsuri=maybe_string,
)
domain_event_memory_failure_msg = struct(
    "domain_event_memory_failure_msg",
    callbackID=int32,
    dom=nonnull_domain,
    recipient=int32,
    action=int32,
    flags=uint32,
)
connect_secret_event_register_any_args = struct(
    "connect_secret_event_register_any_args",
    eventID=int32,
    secret=maybe_secret,
)
connect_secret_event_register_any_ret = struct("connect_secret_event_register_any_ret", callbackID=int32)
connect_secret_event_deregister_any_args = struct("connect_secret_event_deregister_any_args", callbackID=int32)
secret_event_lifecycle_msg = struct(
    "secret_event_lifecycle_msg",
    callbackID=int32,
    secret=nonnull_secret,
    event=int32,
    detail=int32,
)
secret_event_value_changed_msg = struct("secret_event_value_changed_msg", callbackID=int32, secret=nonnull_secret)
domain_event_memory_device_size_change_msg = struct(
    "domain_event_memory_device_size_change_msg",
    callbackID=int32,
    dom=nonnull_domain,
    alias=nonnull_string,
    size=uint64,
)
domain_event_nic_mac_change_msg = struct(
    "domain_event_nic_mac_change_msg",
    callbackID=int32,
    dom=nonnull_domain,
    alias=nonnull_string,
    oldMAC=nonnull_string,
    newMAC=nonnull_string,
)
domain_event_vcpu_removed_msg = struct(
    "domain_event_vcpu_removed_msg",
    callbackID=int32,
    dom=nonnull_domain,
    vcpuid=uint32,
)
domain_event_callback_channel_lifecycle_msg = struct(
    "domain_event_callback_channel_lifecycle_msg",
    callbackID=int32,
    dom=nonnull_domain,
    channelName=nonnull_string,
    state=int32,
    reason=int32,
)
