"""Procedures: a domain's disks: statistics, jobs, throttling."""

from __future__ import annotations

from virtloom.wire.programs import Acl, Procedure
from virtloom.wire.remote.structs import domain_block as structs

PROCEDURES = (
    Procedure(
        64,
        "DOMAIN_BLOCK_STATS",
        "virDomainBlockStats",
        args=structs.domain_block_stats_args,
        ret=structs.domain_block_stats_ret,
        acl=(Acl("domain", "read"),),
    ),
    Procedure(
        103,
        "DOMAIN_BLOCK_PEEK",
        "virDomainBlockPeek",
        args=structs.domain_block_peek_args,
        ret=structs.domain_block_peek_ret,
        acl=(Acl("domain", "block_read"),),
    ),
    Procedure(
        194,
        "DOMAIN_GET_BLOCK_INFO",
        "virDomainGetBlockInfo",
        args=structs.domain_get_block_info_args,
        ret=structs.domain_get_block_info_ret,
        acl=(Acl("domain", "read"),),
    ),
    Procedure(
        237,
        "DOMAIN_BLOCK_JOB_ABORT",
        "virDomainBlockJobAbort",
        args=structs.domain_block_job_abort_args,
        acl=(Acl("domain", "write"),),
    ),
    Procedure(
        238,
        "DOMAIN_GET_BLOCK_JOB_INFO",
        "virDomainGetBlockJobInfo",
        args=structs.domain_get_block_job_info_args,
        ret=structs.domain_get_block_job_info_ret,
        acl=(Acl("domain", "read"),),
    ),
    Procedure(
        239,
        "DOMAIN_BLOCK_JOB_SET_SPEED",
        "virDomainBlockJobSetSpeed",
        args=structs.domain_block_job_set_speed_args,
        acl=(Acl("domain", "write"),),
    ),
    Procedure(
        240,
        "DOMAIN_BLOCK_PULL",
        "virDomainBlockPull",
        args=structs.domain_block_pull_args,
        acl=(Acl("domain", "block_write"),),
    ),
    Procedure(
        243,
        "DOMAIN_BLOCK_STATS_FLAGS",
        "virDomainBlockStatsFlags",
        args=structs.domain_block_stats_flags_args,
        ret=structs.domain_block_stats_flags_ret,
        acl=(Acl("domain", "read"),),
    ),
    Procedure(
        251,
        "DOMAIN_BLOCK_RESIZE",
        "virDomainBlockResize",
        args=structs.domain_block_resize_args,
        acl=(Acl("domain", "block_write"),),
    ),
    Procedure(
        252,
        "DOMAIN_SET_BLOCK_IO_TUNE",
        "virDomainSetBlockIoTune",
        args=structs.domain_set_block_io_tune_args,
        acl=(
            Acl("domain", "write"),
            Acl("domain", "save", none_set=0x3),
            Acl("domain", "save", all_set=0x2),
        ),
    ),
    Procedure(
        253,
        "DOMAIN_GET_BLOCK_IO_TUNE",
        "virDomainGetBlockIoTune",
        args=structs.domain_get_block_io_tune_args,
        ret=structs.domain_get_block_io_tune_ret,
        acl=(Acl("domain", "read"),),
    ),
    Procedure(
        263,
        "DOMAIN_GET_DISK_ERRORS",
        "virDomainGetDiskErrors",
        args=structs.domain_get_disk_errors_args,
        ret=structs.domain_get_disk_errors_ret,
        acl=(Acl("domain", "read"),),
    ),
    Procedure(
        266,
        "DOMAIN_BLOCK_REBASE",
        "virDomainBlockRebase",
        args=structs.domain_block_rebase_args,
        acl=(Acl("domain", "block_write"),),
    ),
    Procedure(
        290,
        "DOMAIN_BLOCK_COMMIT",
        "virDomainBlockCommit",
        args=structs.domain_block_commit_args,
        acl=(Acl("domain", "block_write"),),
    ),
    Procedure(
        345,
        "DOMAIN_BLOCK_COPY",
        "virDomainBlockCopy",
        args=structs.domain_block_copy_args,
        acl=(Acl("domain", "block_write"),),
    ),
    Procedure(
        386,
        "DOMAIN_SET_BLOCK_THRESHOLD",
        "virDomainSetBlockThreshold",
        args=structs.domain_set_block_threshold_args,
        acl=(Acl("domain", "write"),),
    ),
)
