"""Structs of domains: their life, their definition, their state."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import maybe_string, nonnull_domain, nonnull_string, typed_param, uuid
from virtloom.xdr import char, int32, int64, struct, uchar, uint32, uint64, ushort, vararray, varopaque

domain_get_scheduler_type_args = struct("domain_get_scheduler_type_args", dom=nonnull_domain)
domain_get_scheduler_type_ret = struct("domain_get_scheduler_type_ret", type=nonnull_string, nparams=int32)
domain_interface_stats_args = struct("domain_interface_stats_args", dom=nonnull_domain, device=nonnull_string)
domain_interface_stats_ret = struct(
    "domain_interface_stats_ret",
    rx_bytes=int64,
    rx_packets=int64,
    rx_errs=int64,
    rx_drop=int64,
    tx_bytes=int64,
    tx_packets=int64,
    tx_errs=int64,
    tx_drop=int64,
)
domain_memory_peek_args = struct(
    "domain_memory_peek_args",
    dom=nonnull_domain,
    offset=uint64,
    size=uint32,
    flags=uint32,
)
domain_memory_peek_ret = struct("domain_memory_peek_ret", buffer=varopaque(limits.DOMAIN_MEMORY_PEEK_BUFFER_MAX))
domain_create_xml_args = struct("domain_create_xml_args", xml_desc=nonnull_string, flags=uint32)
domain_create_xml_ret = struct("domain_create_xml_ret", dom=nonnull_domain)
domain_create_xml_with_files_args = struct("domain_create_xml_with_files_args", xml_desc=nonnull_string, flags=uint32)
domain_create_xml_with_files_ret = struct("domain_create_xml_with_files_ret", dom=nonnull_domain)
domain_lookup_by_id_args = struct("domain_lookup_by_id_args", id=int32)
domain_lookup_by_id_ret = struct("domain_lookup_by_id_ret", dom=nonnull_domain)
domain_lookup_by_uuid_args = struct("domain_lookup_by_uuid_args", uuid=uuid)
domain_lookup_by_uuid_ret = struct("domain_lookup_by_uuid_ret", dom=nonnull_domain)
domain_lookup_by_name_args = struct("domain_lookup_by_name_args", name=nonnull_string)
domain_lookup_by_name_ret = struct("domain_lookup_by_name_ret", dom=nonnull_domain)
domain_suspend_args = struct("domain_suspend_args", dom=nonnull_domain)
domain_resume_args = struct("domain_resume_args", dom=nonnull_domain)
domain_pm_suspend_for_duration_args = struct(
    "domain_pm_suspend_for_duration_args",
    dom=nonnull_domain,
    target=uint32,
    duration=uint64,
    flags=uint32,
)
domain_pm_wakeup_args = struct("domain_pm_wakeup_args", dom=nonnull_domain, flags=uint32)
domain_shutdown_args = struct("domain_shutdown_args", dom=nonnull_domain)
domain_reboot_args = struct("domain_reboot_args", dom=nonnull_domain, flags=uint32)
domain_reset_args = struct("domain_reset_args", dom=nonnull_domain, flags=uint32)
domain_destroy_args = struct("domain_destroy_args", dom=nonnull_domain)
domain_destroy_flags_args = struct("domain_destroy_flags_args", dom=nonnull_domain, flags=uint32)
domain_get_os_type_args = struct("domain_get_os_type_args", dom=nonnull_domain)
domain_get_os_type_ret = struct("domain_get_os_type_ret", type=nonnull_string)
domain_get_max_memory_args = struct("domain_get_max_memory_args", dom=nonnull_domain)
domain_get_max_memory_ret = struct("domain_get_max_memory_ret", memory=uint64)
domain_set_max_memory_args = struct("domain_set_max_memory_args", dom=nonnull_domain, memory=uint64)
domain_set_memory_args = struct("domain_set_memory_args", dom=nonnull_domain, memory=uint64)
domain_set_memory_flags_args = struct("domain_set_memory_flags_args", dom=nonnull_domain, memory=uint64, flags=uint32)
domain_get_info_args = struct("domain_get_info_args", dom=nonnull_domain)
domain_get_info_ret = struct(
    "domain_get_info_ret",
    state=uchar,
    maxMem=uint64,
    memory=uint64,
    nrVirtCpu=ushort,
    cpuTime=uint64,
)
domain_save_args = struct("domain_save_args", dom=nonnull_domain, to=nonnull_string)
domain_save_flags_args = struct(
    "domain_save_flags_args",
    dom=nonnull_domain,
    to=nonnull_string,
    dxml=maybe_string,
    flags=uint32,
)
domain_restore_args = struct("domain_restore_args", from_=nonnull_string)
domain_restore_flags_args = struct("domain_restore_flags_args", from_=nonnull_string, dxml=maybe_string, flags=uint32)
domain_save_image_get_xml_desc_args = struct("domain_save_image_get_xml_desc_args", file=nonnull_string, flags=uint32)
domain_save_image_get_xml_desc_ret = struct("domain_save_image_get_xml_desc_ret", xml=nonnull_string)
domain_save_image_define_xml_args = struct(
    "domain_save_image_define_xml_args",
    file=nonnull_string,
    dxml=nonnull_string,
    flags=uint32,
)
domain_core_dump_args = struct("domain_core_dump_args", dom=nonnull_domain, to=nonnull_string, flags=uint32)
domain_core_dump_with_format_args = struct(
    "domain_core_dump_with_format_args",
    dom=nonnull_domain,
    to=nonnull_string,
    dumpformat=uint32,
    flags=uint32,
)
domain_screenshot_args = struct("domain_screenshot_args", dom=nonnull_domain, screen=uint32, flags=uint32)
domain_screenshot_ret = struct("domain_screenshot_ret", mime=maybe_string)
domain_get_xml_desc_args = struct("domain_get_xml_desc_args", dom=nonnull_domain, flags=uint32)
domain_get_xml_desc_ret = struct("domain_get_xml_desc_ret", xml=nonnull_string)
domain_create_args = struct("domain_create_args", dom=nonnull_domain)
domain_create_with_flags_args = struct("domain_create_with_flags_args", dom=nonnull_domain, flags=uint32)
domain_create_with_flags_ret = struct("domain_create_with_flags_ret", dom=nonnull_domain)
domain_create_with_files_args = struct("domain_create_with_files_args", dom=nonnull_domain, flags=uint32)
domain_create_with_files_ret = struct("domain_create_with_files_ret", dom=nonnull_domain)
domain_define_xml_args = struct("domain_define_xml_args", xml=nonnull_string)
domain_define_xml_ret = struct("domain_define_xml_ret", dom=nonnull_domain)
domain_define_xml_flags_args = struct("domain_define_xml_flags_args", xml=nonnull_string, flags=uint32)
domain_define_xml_flags_ret = struct("domain_define_xml_flags_ret", dom=nonnull_domain)
domain_undefine_args = struct("domain_undefine_args", dom=nonnull_domain)
domain_undefine_flags_args = struct("domain_undefine_flags_args", dom=nonnull_domain, flags=uint32)
domain_inject_nmi_args = struct("domain_inject_nmi_args", dom=nonnull_domain, flags=uint32)
domain_send_key_args = struct(
    "domain_send_key_args",
    dom=nonnull_domain,
    codeset=uint32,
    holdtime=uint32,
    keycodes=vararray(uint32, limits.DOMAIN_SEND_KEY_MAX),
    flags=uint32,
)
domain_send_process_signal_args = struct(
    "domain_send_process_signal_args",
    dom=nonnull_domain,
    pid_value=int64,
    signum=uint32,
    flags=uint32,
)
domain_get_security_label_args = struct("domain_get_security_label_args", dom=nonnull_domain)
domain_get_security_label_ret = struct(
    "domain_get_security_label_ret",
    label=vararray(char, limits.SECURITY_LABEL_MAX),
    enforcing=int32,
)
domain_get_security_label_list_args = struct("domain_get_security_label_list_args", dom=nonnull_domain)
domain_get_security_label_list_ret = struct(
    "domain_get_security_label_list_ret",
    labels=vararray(domain_get_security_label_ret, limits.SECURITY_LABEL_LIST_MAX),
    ret=int32,
)
domain_attach_device_args = struct("domain_attach_device_args", dom=nonnull_domain, xml=nonnull_string)
domain_attach_device_flags_args = struct(
    "domain_attach_device_flags_args",
    dom=nonnull_domain,
    xml=nonnull_string,
    flags=uint32,
)
domain_detach_device_args = struct("domain_detach_device_args", dom=nonnull_domain, xml=nonnull_string)
domain_detach_device_flags_args = struct(
    "domain_detach_device_flags_args",
    dom=nonnull_domain,
    xml=nonnull_string,
    flags=uint32,
)
domain_update_device_flags_args = struct(
    "domain_update_device_flags_args",
    dom=nonnull_domain,
    xml=nonnull_string,
    flags=uint32,
)
domain_detach_device_alias_args = struct(
    "domain_detach_device_alias_args",
    dom=nonnull_domain,
    alias=nonnull_string,
    flags=uint32,
)
domain_get_autostart_args = struct("domain_get_autostart_args", dom=nonnull_domain)
domain_get_autostart_ret = struct("domain_get_autostart_ret", autostart=int32)
domain_set_autostart_args = struct("domain_set_autostart_args", dom=nonnull_domain, autostart=int32)
domain_set_metadata_args = struct(
    "domain_set_metadata_args",
    dom=nonnull_domain,
    type=int32,
    metadata=maybe_string,
    key=maybe_string,
    uri=maybe_string,
    flags=uint32,
)
domain_get_metadata_args = struct(
    "domain_get_metadata_args",
    dom=nonnull_domain,
    type=int32,
    uri=maybe_string,
    flags=uint32,
)
domain_get_metadata_ret = struct("domain_get_metadata_ret", metadata=nonnull_string)
domain_is_active_args = struct("domain_is_active_args", dom=nonnull_domain)
domain_is_active_ret = struct("domain_is_active_ret", active=int32)
domain_is_persistent_args = struct("domain_is_persistent_args", dom=nonnull_domain)
domain_is_persistent_ret = struct("domain_is_persistent_ret", persistent=int32)
domain_is_updated_args = struct("domain_is_updated_args", dom=nonnull_domain)
domain_is_updated_ret = struct("domain_is_updated_ret", updated=int32)
domain_get_job_info_args = struct("domain_get_job_info_args", dom=nonnull_domain)
domain_get_job_info_ret = struct(
    "domain_get_job_info_ret",
    type=int32,
    timeElapsed=uint64,
    timeRemaining=uint64,
    dataTotal=uint64,
    dataProcessed=uint64,
    dataRemaining=uint64,
    memTotal=uint64,
    memProcessed=uint64,
    memRemaining=uint64,
    fileTotal=uint64,
    fileProcessed=uint64,
    fileRemaining=uint64,
)
domain_get_job_stats_args = struct("domain_get_job_stats_args", dom=nonnull_domain, flags=uint32)
domain_get_job_stats_ret = struct(
    "domain_get_job_stats_ret",
    type=int32,
    params=vararray(typed_param, limits.DOMAIN_JOB_STATS_MAX),
)
domain_abort_job_args = struct("domain_abort_job_args", dom=nonnull_domain)
domain_abort_job_flags_args = struct("domain_abort_job_flags_args", dom=nonnull_domain, flags=uint32)
domain_managed_save_args = struct("domain_managed_save_args", dom=nonnull_domain, flags=uint32)
domain_has_managed_save_image_args = struct("domain_has_managed_save_image_args", dom=nonnull_domain, flags=uint32)
domain_has_managed_save_image_ret = struct("domain_has_managed_save_image_ret", result=int32)
domain_managed_save_remove_args = struct("domain_managed_save_remove_args", dom=nonnull_domain, flags=uint32)
domain_managed_save_get_xml_desc_args = struct(
    "domain_managed_save_get_xml_desc_args",
    dom=nonnull_domain,
    flags=uint32,
)
domain_managed_save_get_xml_desc_ret = struct("domain_managed_save_get_xml_desc_ret", xml=nonnull_string)
domain_managed_save_define_xml_args = struct(
    "domain_managed_save_define_xml_args",
    dom=nonnull_domain,
    dxml=maybe_string,
    flags=uint32,
)
domain_open_console_args = struct("domain_open_console_args", dom=nonnull_domain, dev_name=maybe_string, flags=uint32)
domain_open_channel_args = struct("domain_open_channel_args", dom=nonnull_domain, name=maybe_string, flags=uint32)
domain_get_state_args = struct("domain_get_state_args", dom=nonnull_domain, flags=uint32)
domain_get_state_ret = struct("domain_get_state_ret", state=int32, reason=int32)
domain_get_control_info_args = struct("domain_get_control_info_args", dom=nonnull_domain, flags=uint32)
domain_get_control_info_ret = struct("domain_get_control_info_ret", state=uint32, details=uint32, stateTime=uint64)
domain_open_graphics_args = struct("domain_open_graphics_args", dom=nonnull_domain, idx=uint32, flags=uint32)
domain_open_graphics_fd_args = struct("domain_open_graphics_fd_args", dom=nonnull_domain, idx=uint32, flags=uint32)
domain_shutdown_flags_args = struct("domain_shutdown_flags_args", dom=nonnull_domain, flags=uint32)
domain_rename_args = struct("domain_rename_args", dom=nonnull_domain, new_name=maybe_string, flags=uint32)
domain_rename_ret = struct("domain_rename_ret", retcode=int32)
domain_set_lifecycle_action_args = struct(
    "domain_set_lifecycle_action_args",
    dom=nonnull_domain,
    type=uint32,
    action=uint32,
    flags=uint32,
)
domain_get_launch_security_info_args = struct("domain_get_launch_security_info_args", dom=nonnull_domain, flags=uint32)
domain_get_launch_security_info_ret = struct(
    "domain_get_launch_security_info_ret",
    params=vararray(typed_param, limits.DOMAIN_LAUNCH_SECURITY_INFO_PARAMS_MAX),
)
domain_set_launch_security_state_args = struct(
    "domain_set_launch_security_state_args",
    dom=nonnull_domain,
    params=vararray(typed_param, limits.DOMAIN_LAUNCH_SECURITY_STATE_PARAMS_MAX),
    flags=uint32,
)
domain_get_messages_args = struct("domain_get_messages_args", dom=nonnull_domain, flags=uint32)
domain_get_messages_ret = struct("domain_get_messages_ret", msgs=vararray(nonnull_string, limits.DOMAIN_MESSAGES_MAX))
domain_start_dirty_rate_calc_args = struct(
    "domain_start_dirty_rate_calc_args",
    dom=nonnull_domain,
    seconds=int32,
    flags=uint32,
)
domain_graphics_reload_args = struct("domain_graphics_reload_args", dom=nonnull_domain, type=uint32, flags=uint32)
domain_fd_associate_args = struct("domain_fd_associate_args", dom=nonnull_domain, name=nonnull_string, flags=uint32)
domain_get_autostart_once_args = struct("domain_get_autostart_once_args", dom=nonnull_domain)
domain_get_autostart_once_ret = struct("domain_get_autostart_once_ret", autostart=int32)
domain_set_autostart_once_args = struct("domain_set_autostart_once_args", dom=nonnull_domain, autostart=int32)
domain_announce_interface_args = struct(
    "domain_announce_interface_args",
    dom=nonnull_domain,
    device=maybe_string,
    params=vararray(typed_param, limits.DOMAIN_ANNOUNCE_INTERFACE_PARAMS_MAX),
    flags=uint32,
)
