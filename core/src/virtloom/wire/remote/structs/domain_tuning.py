"""Structs of a domain's tunables: processors, memory, scheduling, I/O threads."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import maybe_string, nonnull_domain, nonnull_string, typed_param, vcpu_info
from virtloom.xdr import int32, struct, uint32, uint64, vararray, varopaque

domain_get_scheduler_parameters_args = struct("domain_get_scheduler_parameters_args", dom=nonnull_domain, nparams=int32)
domain_get_scheduler_parameters_ret = struct(
    "domain_get_scheduler_parameters_ret",
    params=vararray(typed_param, limits.DOMAIN_SCHEDULER_PARAMETERS_MAX),
)
domain_get_scheduler_parameters_flags_args = struct(
    "domain_get_scheduler_parameters_flags_args",
    dom=nonnull_domain,
    nparams=int32,
    flags=uint32,
)
domain_get_scheduler_parameters_flags_ret = struct(
    "domain_get_scheduler_parameters_flags_ret",
    params=vararray(typed_param, limits.DOMAIN_SCHEDULER_PARAMETERS_MAX),
)
domain_set_scheduler_parameters_args = struct(
    "domain_set_scheduler_parameters_args",
    dom=nonnull_domain,
    params=vararray(typed_param, limits.DOMAIN_SCHEDULER_PARAMETERS_MAX),
)
domain_set_scheduler_parameters_flags_args = struct(
    "domain_set_scheduler_parameters_flags_args",
    dom=nonnull_domain,
    params=vararray(typed_param, limits.DOMAIN_SCHEDULER_PARAMETERS_MAX),
    flags=uint32,
)
domain_set_blkio_parameters_args = struct(
    "domain_set_blkio_parameters_args",
    dom=nonnull_domain,
    params=vararray(typed_param, limits.DOMAIN_BLKIO_PARAMETERS_MAX),
    flags=uint32,
)
domain_get_blkio_parameters_args = struct(
    "domain_get_blkio_parameters_args",
    dom=nonnull_domain,
    nparams=int32,
    flags=uint32,
)
domain_get_blkio_parameters_ret = struct(
    "domain_get_blkio_parameters_ret",
    params=vararray(typed_param, limits.DOMAIN_BLKIO_PARAMETERS_MAX),
    nparams=int32,
)
domain_set_memory_parameters_args = struct(
    "domain_set_memory_parameters_args",
    dom=nonnull_domain,
    params=vararray(typed_param, limits.DOMAIN_MEMORY_PARAMETERS_MAX),
    flags=uint32,
)
domain_get_memory_parameters_args = struct(
    "domain_get_memory_parameters_args",
    dom=nonnull_domain,
    nparams=int32,
    flags=uint32,
)
domain_get_memory_parameters_ret = struct(
    "domain_get_memory_parameters_ret",
    params=vararray(typed_param, limits.DOMAIN_MEMORY_PARAMETERS_MAX),
    nparams=int32,
)
domain_set_numa_parameters_args = struct(
    "domain_set_numa_parameters_args",
    dom=nonnull_domain,
    params=vararray(typed_param, limits.DOMAIN_NUMA_PARAMETERS_MAX),
    flags=uint32,
)
domain_get_numa_parameters_args = struct(
    "domain_get_numa_parameters_args",
    dom=nonnull_domain,
    nparams=int32,
    flags=uint32,
)
domain_get_numa_parameters_ret = struct(
    "domain_get_numa_parameters_ret",
    params=vararray(typed_param, limits.DOMAIN_NUMA_PARAMETERS_MAX),
    nparams=int32,
)
domain_set_interface_parameters_args = struct(
    "domain_set_interface_parameters_args",
    dom=nonnull_domain,
    device=nonnull_string,
    params=vararray(typed_param, limits.DOMAIN_INTERFACE_PARAMETERS_MAX),
    flags=uint32,
)
domain_get_interface_parameters_args = struct(
    "domain_get_interface_parameters_args",
    dom=nonnull_domain,
    device=nonnull_string,
    nparams=int32,
    flags=uint32,
)
domain_get_interface_parameters_ret = struct(
    "domain_get_interface_parameters_ret",
    params=vararray(typed_param, limits.DOMAIN_INTERFACE_PARAMETERS_MAX),
    nparams=int32,
)
domain_memory_stats_args = struct("domain_memory_stats_args", dom=nonnull_domain, maxStats=uint32, flags=uint32)
domain_memory_stat = struct("domain_memory_stat", tag=int32, val=uint64)
domain_memory_stats_ret = struct(
    "domain_memory_stats_ret",
    stats=vararray(domain_memory_stat, limits.DOMAIN_MEMORY_STATS_MAX),
)
domain_set_memory_stats_period_args = struct(
    "domain_set_memory_stats_period_args",
    dom=nonnull_domain,
    period=int32,
    flags=uint32,
)
domain_save_params_args = struct(
    "domain_save_params_args",
    dom=nonnull_domain,
    params=vararray(typed_param, limits.DOMAIN_SAVE_PARAMS_MAX),
    flags=uint32,
)
domain_restore_params_args = struct(
    "domain_restore_params_args",
    params=vararray(typed_param, limits.DOMAIN_SAVE_PARAMS_MAX),
    flags=uint32,
)
domain_set_vcpus_args = struct("domain_set_vcpus_args", dom=nonnull_domain, nvcpus=uint32)
domain_set_vcpus_flags_args = struct("domain_set_vcpus_flags_args", dom=nonnull_domain, nvcpus=uint32, flags=uint32)
domain_get_vcpus_flags_args = struct("domain_get_vcpus_flags_args", dom=nonnull_domain, flags=uint32)
domain_get_vcpus_flags_ret = struct("domain_get_vcpus_flags_ret", num=int32)
domain_pin_vcpu_args = struct(
    "domain_pin_vcpu_args",
    dom=nonnull_domain,
    vcpu=uint32,
    cpumap=varopaque(limits.CPUMAP_MAX),
)
domain_pin_vcpu_flags_args = struct(
    "domain_pin_vcpu_flags_args",
    dom=nonnull_domain,
    vcpu=uint32,
    cpumap=varopaque(limits.CPUMAP_MAX),
    flags=uint32,
)
domain_get_vcpu_pin_info_args = struct(
    "domain_get_vcpu_pin_info_args",
    dom=nonnull_domain,
    ncpumaps=int32,
    maplen=int32,
    flags=uint32,
)
domain_get_vcpu_pin_info_ret = struct("domain_get_vcpu_pin_info_ret", cpumaps=varopaque(limits.CPUMAPS_MAX), num=int32)
domain_pin_emulator_args = struct(
    "domain_pin_emulator_args",
    dom=nonnull_domain,
    cpumap=varopaque(limits.CPUMAP_MAX),
    flags=uint32,
)
domain_get_emulator_pin_info_args = struct(
    "domain_get_emulator_pin_info_args",
    dom=nonnull_domain,
    maplen=int32,
    flags=uint32,
)
domain_get_emulator_pin_info_ret = struct(
    "domain_get_emulator_pin_info_ret",
    cpumaps=varopaque(limits.CPUMAPS_MAX),
    ret=int32,
)
domain_get_vcpus_args = struct("domain_get_vcpus_args", dom=nonnull_domain, maxinfo=int32, maplen=int32)
domain_get_vcpus_ret = struct(
    "domain_get_vcpus_ret",
    info=vararray(vcpu_info, limits.VCPUINFO_MAX),
    cpumaps=varopaque(limits.CPUMAPS_MAX),
)
domain_get_max_vcpus_args = struct("domain_get_max_vcpus_args", dom=nonnull_domain)
domain_get_max_vcpus_ret = struct("domain_get_max_vcpus_ret", num=int32)
domain_iothread_info = struct("domain_iothread_info", iothread_id=uint32, cpumap=varopaque(limits.CPUMAP_MAX))
domain_get_iothread_info_args = struct("domain_get_iothread_info_args", dom=nonnull_domain, flags=uint32)
domain_get_iothread_info_ret = struct(
    "domain_get_iothread_info_ret",
    info=vararray(domain_iothread_info, limits.IOTHREAD_INFO_MAX),
    ret=uint32,
)
domain_pin_iothread_args = struct(
    "domain_pin_iothread_args",
    dom=nonnull_domain,
    iothreads_id=uint32,
    cpumap=varopaque(limits.CPUMAP_MAX),
    flags=uint32,
)
domain_add_iothread_args = struct("domain_add_iothread_args", dom=nonnull_domain, iothread_id=uint32, flags=uint32)
domain_del_iothread_args = struct("domain_del_iothread_args", dom=nonnull_domain, iothread_id=uint32, flags=uint32)
domain_set_iothread_params_args = struct(
    "domain_set_iothread_params_args",
    dom=nonnull_domain,
    iothread_id=uint32,
    params=vararray(typed_param, limits.DOMAIN_IOTHREAD_PARAMS_MAX),
    flags=uint32,
)
domain_set_throttle_group_args = struct(
    "domain_set_throttle_group_args",
    dom=nonnull_domain,
    group=nonnull_string,
    params=vararray(typed_param, limits.DOMAIN_BLOCK_IO_TUNE_PARAMETERS_MAX),
    flags=uint32,
)
domain_del_throttle_group_args = struct(
    "domain_del_throttle_group_args",
    dom=nonnull_domain,
    group=maybe_string,
    flags=uint32,
)
domain_get_cpu_stats_args = struct(
    "domain_get_cpu_stats_args",
    dom=nonnull_domain,
    nparams=uint32,
    start_cpu=int32,
    ncpus=uint32,
    flags=uint32,
)
domain_get_cpu_stats_ret = struct(
    "domain_get_cpu_stats_ret",
    params=vararray(typed_param, limits.DOMAIN_GET_CPU_STATS_MAX),
    nparams=int32,
)
domain_set_vcpu_args = struct(
    "domain_set_vcpu_args",
    dom=nonnull_domain,
    cpumap=nonnull_string,
    state=int32,
    flags=uint32,
)
domain_set_perf_events_args = struct(
    "domain_set_perf_events_args",
    dom=nonnull_domain,
    params=vararray(typed_param, limits.DOMAIN_PERF_EVENTS_MAX),
    flags=uint32,
)
domain_get_perf_events_args = struct("domain_get_perf_events_args", dom=nonnull_domain, flags=uint32)
domain_get_perf_events_ret = struct(
    "domain_get_perf_events_ret",
    params=vararray(typed_param, limits.DOMAIN_PERF_EVENTS_MAX),
)
