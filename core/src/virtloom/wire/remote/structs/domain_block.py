"""Structs of a domain's disks: statistics, jobs, throttling."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import (
    domain_disk_error,
    maybe_string,
    nonnull_domain,
    nonnull_string,
    typed_param,
)
from virtloom.xdr import int32, int64, struct, uint32, uint64, vararray, varopaque

domain_block_resize_args = struct(
    "domain_block_resize_args",
    dom=nonnull_domain,
    disk=nonnull_string,
    size=uint64,
    flags=uint32,
)
domain_block_stats_args = struct("domain_block_stats_args", dom=nonnull_domain, path=nonnull_string)
domain_block_stats_ret = struct(
    "domain_block_stats_ret",
    rd_req=int64,
    rd_bytes=int64,
    wr_req=int64,
    wr_bytes=int64,
    errs=int64,
)
domain_block_stats_flags_args = struct(
    "domain_block_stats_flags_args",
    dom=nonnull_domain,
    path=nonnull_string,
    nparams=int32,
    flags=uint32,
)
domain_block_stats_flags_ret = struct(
    "domain_block_stats_flags_ret",
    params=vararray(typed_param, limits.DOMAIN_BLOCK_STATS_PARAMETERS_MAX),
    nparams=int32,
)
domain_block_peek_args = struct(
    "domain_block_peek_args",
    dom=nonnull_domain,
    path=nonnull_string,
    offset=uint64,
    size=uint32,
    flags=uint32,
)
domain_block_peek_ret = struct("domain_block_peek_ret", buffer=varopaque(limits.DOMAIN_BLOCK_PEEK_BUFFER_MAX))
domain_get_block_info_args = struct("domain_get_block_info_args", dom=nonnull_domain, path=nonnull_string, flags=uint32)
domain_get_block_info_ret = struct("domain_get_block_info_ret", allocation=uint64, capacity=uint64, physical=uint64)
domain_block_job_abort_args = struct(
    "domain_block_job_abort_args",
    dom=nonnull_domain,
    path=nonnull_string,
    flags=uint32,
)
domain_get_block_job_info_args = struct(
    "domain_get_block_job_info_args",
    dom=nonnull_domain,
    path=nonnull_string,
    flags=uint32,
)
domain_get_block_job_info_ret = struct(
    "domain_get_block_job_info_ret",
    found=int32,
    type=int32,
    bandwidth=uint64,
    cur=uint64,
    end=uint64,
)
domain_block_job_set_speed_args = struct(
    "domain_block_job_set_speed_args",
    dom=nonnull_domain,
    path=nonnull_string,
    bandwidth=uint64,
    flags=uint32,
)
domain_block_pull_args = struct(
    "domain_block_pull_args",
    dom=nonnull_domain,
    path=nonnull_string,
    bandwidth=uint64,
    flags=uint32,
)
domain_block_rebase_args = struct(
    "domain_block_rebase_args",
    dom=nonnull_domain,
    path=nonnull_string,
    base=maybe_string,
    bandwidth=uint64,
    flags=uint32,
)
domain_block_copy_args = struct(
    "domain_block_copy_args",
    dom=nonnull_domain,
    path=nonnull_string,
    destxml=nonnull_string,
    params=vararray(typed_param, limits.DOMAIN_BLOCK_COPY_PARAMETERS_MAX),
    flags=uint32,
)
domain_block_commit_args = struct(
    "domain_block_commit_args",
    dom=nonnull_domain,
    disk=nonnull_string,
    base=maybe_string,
    top=maybe_string,
    bandwidth=uint64,
    flags=uint32,
)
domain_set_block_io_tune_args = struct(
    "domain_set_block_io_tune_args",
    dom=nonnull_domain,
    disk=nonnull_string,
    params=vararray(typed_param, limits.DOMAIN_BLOCK_IO_TUNE_PARAMETERS_MAX),
    flags=uint32,
)
domain_get_block_io_tune_args = struct(
    "domain_get_block_io_tune_args",
    dom=nonnull_domain,
    disk=maybe_string,
    nparams=int32,
    flags=uint32,
)
domain_get_block_io_tune_ret = struct(
    "domain_get_block_io_tune_ret",
    params=vararray(typed_param, limits.DOMAIN_BLOCK_IO_TUNE_PARAMETERS_MAX),
    nparams=int32,
)
domain_get_disk_errors_args = struct("domain_get_disk_errors_args", dom=nonnull_domain, maxerrors=uint32, flags=uint32)
domain_get_disk_errors_ret = struct(
    "domain_get_disk_errors_ret",
    errors=vararray(domain_disk_error, limits.DOMAIN_DISK_ERRORS_MAX),
    nerrors=int32,
)
domain_set_block_threshold_args = struct(
    "domain_set_block_threshold_args",
    dom=nonnull_domain,
    dev=nonnull_string,
    threshold=uint64,
    flags=uint32,
)
