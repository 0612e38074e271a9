"""Structs of the host itself: processors, memory, pages."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import nonnull_string, typed_param
from virtloom.xdr import array, char, int32, struct, uint32, uint64, vararray, varopaque

node_get_cpu_stats = struct("node_get_cpu_stats", field=nonnull_string, value=uint64)
node_get_memory_stats = struct("node_get_memory_stats", field=nonnull_string, value=uint64)
node_get_info_ret = struct(
    "node_get_info_ret",
    model=array(char, 32),
    memory=uint64,
    cpus=int32,
    mhz=int32,
    nodes=int32,
    sockets=int32,
    cores=int32,
    threads=int32,
)
node_get_cpu_stats_args = struct("node_get_cpu_stats_args", cpuNum=int32, nparams=int32, flags=uint32)
node_get_cpu_stats_ret = struct(
    "node_get_cpu_stats_ret",
    params=vararray(node_get_cpu_stats, limits.NODE_CPU_STATS_MAX),
    nparams=int32,
)
node_get_memory_stats_args = struct("node_get_memory_stats_args", nparams=int32, cellNum=int32, flags=uint32)
node_get_memory_stats_ret = struct(
    "node_get_memory_stats_ret",
    params=vararray(node_get_memory_stats, limits.NODE_MEMORY_STATS_MAX),
    nparams=int32,
)
node_get_cells_free_memory_args = struct("node_get_cells_free_memory_args", startCell=int32, maxcells=int32)
node_get_cells_free_memory_ret = struct("node_get_cells_free_memory_ret", cells=vararray(uint64, limits.NODE_MAX_CELLS))
node_get_free_memory_ret = struct("node_get_free_memory_ret", freeMem=uint64)
node_get_security_model_ret = struct(
    "node_get_security_model_ret",
    model=vararray(char, limits.SECURITY_MODEL_MAX),
    doi=vararray(char, limits.SECURITY_DOI_MAX),
)
node_suspend_for_duration_args = struct("node_suspend_for_duration_args", target=uint32, duration=uint64, flags=uint32)
node_set_memory_parameters_args = struct(
    "node_set_memory_parameters_args",
    params=vararray(typed_param, limits.NODE_MEMORY_PARAMETERS_MAX),
    flags=uint32,
)
node_get_memory_parameters_args = struct("node_get_memory_parameters_args", nparams=int32, flags=uint32)
node_get_memory_parameters_ret = struct(
    "node_get_memory_parameters_ret",
    params=vararray(typed_param, limits.NODE_MEMORY_PARAMETERS_MAX),
    nparams=int32,
)
node_get_cpu_map_args = struct("node_get_cpu_map_args", need_map=int32, need_online=int32, flags=uint32)
node_get_cpu_map_ret = struct("node_get_cpu_map_ret", cpumap=varopaque(limits.CPUMAP_MAX), online=uint32, ret=int32)
node_get_free_pages_args = struct(
    "node_get_free_pages_args",
    pages=vararray(uint32, limits.NODE_MAX_CELLS),
    startCell=int32,
    cellCount=uint32,
    flags=uint32,
)
node_get_free_pages_ret = struct("node_get_free_pages_ret", counts=vararray(uint64, limits.NODE_MAX_CELLS))
node_alloc_pages_args = struct(
    "node_alloc_pages_args",
    pageSizes=vararray(uint32, limits.NODE_MAX_CELLS),
    pageCounts=vararray(uint64, limits.NODE_MAX_CELLS),
    startCell=int32,
    cellCount=uint32,
    flags=uint32,
)
node_alloc_pages_ret = struct("node_alloc_pages_ret", ret=int32)
node_get_sev_info_args = struct("node_get_sev_info_args", nparams=int32, flags=uint32)
node_get_sev_info_ret = struct(
    "node_get_sev_info_ret",
    params=vararray(typed_param, limits.NODE_SEV_INFO_MAX),
    nparams=int32,
)
