"""libvirt's public constants for jobs, block jobs and migration.

One class for each enum of the API, named as it is without `vir`; plain integers, so that a flag set is an `int` as it
is on the wire.
"""

from typing import Final


class DomainAbortJobFlags:
    """`virDomainAbortJobFlagsValues`"""

    POSTCOPY: Final = 1


class DomainBlockCommitFlags:
    """`virDomainBlockCommitFlags`"""

    SHALLOW: Final = 1
    DELETE: Final = 2
    ACTIVE: Final = 4
    RELATIVE: Final = 8
    BANDWIDTH_BYTES: Final = 16


class DomainBlockCopyFlags:
    """`virDomainBlockCopyFlags`"""

    SHALLOW: Final = 1
    REUSE_EXT: Final = 2
    TRANSIENT_JOB: Final = 4
    SYNCHRONOUS_WRITES: Final = 8
    TARGET_ZEROED: Final = 16


class DomainBlockJobAbortFlags:
    """`virDomainBlockJobAbortFlags`"""

    ASYNC: Final = 1
    PIVOT: Final = 2


class DomainBlockJobInfoFlags:
    """`virDomainBlockJobInfoFlags`"""

    BANDWIDTH_BYTES: Final = 1


class DomainBlockJobSetSpeedFlags:
    """`virDomainBlockJobSetSpeedFlags`"""

    BANDWIDTH_BYTES: Final = 1


class DomainBlockJobType:
    """`virDomainBlockJobType`"""

    UNKNOWN: Final = 0
    PULL: Final = 1
    COPY: Final = 2
    COMMIT: Final = 3
    ACTIVE_COMMIT: Final = 4
    BACKUP: Final = 5


class DomainBlockPullFlags:
    """`virDomainBlockPullFlags`"""

    BANDWIDTH_BYTES: Final = 64


class DomainBlockRebaseFlags:
    """`virDomainBlockRebaseFlags`"""

    SHALLOW: Final = 1
    REUSE_EXT: Final = 2
    COPY_RAW: Final = 4
    COPY: Final = 8
    RELATIVE: Final = 16
    COPY_DEV: Final = 32
    BANDWIDTH_BYTES: Final = 64


class DomainBlockResizeFlags:
    """`virDomainBlockResizeFlags`"""

    BYTES: Final = 1
    CAPACITY: Final = 2
    EXTEND: Final = 4


class DomainDirtyRateCalcFlags:
    """`virDomainDirtyRateCalcFlags`"""

    PAGE_SAMPLING: Final = 0
    DIRTY_BITMAP: Final = 1
    DIRTY_RING: Final = 2


class DomainDirtyRateStatus:
    """`virDomainDirtyRateStatus`"""

    UNSTARTED: Final = 0
    MEASURING: Final = 1
    MEASURED: Final = 2


class DomainGetJobStatsFlags:
    """`virDomainGetJobStatsFlags`"""

    COMPLETED: Final = 1
    KEEP_COMPLETED: Final = 2


class DomainJobOperation:
    """`virDomainJobOperation`"""

    UNKNOWN: Final = 0
    START: Final = 1
    SAVE: Final = 2
    RESTORE: Final = 3
    MIGRATION_IN: Final = 4
    MIGRATION_OUT: Final = 5
    SNAPSHOT: Final = 6
    SNAPSHOT_REVERT: Final = 7
    DUMP: Final = 8
    BACKUP: Final = 9
    SNAPSHOT_DELETE: Final = 10


class DomainJobType:
    """`virDomainJobType`"""

    NONE: Final = 0
    BOUNDED: Final = 1
    UNBOUNDED: Final = 2
    COMPLETED: Final = 3
    FAILED: Final = 4
    CANCELLED: Final = 5


class DomainMigrateFlags:
    """`virDomainMigrateFlags`"""

    LIVE: Final = 1
    PEER2PEER: Final = 2
    TUNNELLED: Final = 4
    PERSIST_DEST: Final = 8
    UNDEFINE_SOURCE: Final = 16
    PAUSED: Final = 32
    NON_SHARED_DISK: Final = 64
    NON_SHARED_INC: Final = 128
    CHANGE_PROTECTION: Final = 256
    UNSAFE: Final = 512
    OFFLINE: Final = 1024
    COMPRESSED: Final = 2048
    ABORT_ON_ERROR: Final = 4096
    AUTO_CONVERGE: Final = 8192
    RDMA_PIN_ALL: Final = 16384
    POSTCOPY: Final = 32768
    TLS: Final = 65536
    PARALLEL: Final = 131072
    NON_SHARED_SYNCHRONOUS_WRITES: Final = 262144
    POSTCOPY_RESUME: Final = 524288
    ZEROCOPY: Final = 1048576


class DomainMigrateMaxSpeedFlags:
    """`virDomainMigrateMaxSpeedFlags`"""

    POSTCOPY: Final = 1
