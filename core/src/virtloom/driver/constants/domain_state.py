"""libvirt's public constants for the states of domains and the reasons for them.

One class for each enum of the API, named as it is without `vir`; plain integers, so that a flag set is an `int` as it
is on the wire.
"""

from typing import Final


class DomainBlockedReason:
    """`virDomainBlockedReason`"""

    UNKNOWN: Final = 0


class DomainControlErrorReason:
    """`virDomainControlErrorReason`"""

    NONE: Final = 0
    UNKNOWN: Final = 1
    MONITOR: Final = 2
    INTERNAL: Final = 3


class DomainControlState:
    """`virDomainControlState`"""

    OK: Final = 0
    JOB: Final = 1
    OCCUPIED: Final = 2
    ERROR: Final = 3


class DomainCrashedReason:
    """`virDomainCrashedReason`"""

    UNKNOWN: Final = 0
    PANICKED: Final = 1


class DomainNostateReason:
    """`virDomainNostateReason`"""

    UNKNOWN: Final = 0


class DomainPMSuspendedDiskReason:
    """`virDomainPMSuspendedDiskReason`"""

    UNKNOWN: Final = 0


class DomainPMSuspendedReason:
    """`virDomainPMSuspendedReason`"""

    UNKNOWN: Final = 0


class DomainPausedReason:
    """`virDomainPausedReason`"""

    UNKNOWN: Final = 0
    USER: Final = 1
    MIGRATION: Final = 2
    SAVE: Final = 3
    DUMP: Final = 4
    IOERROR: Final = 5
    WATCHDOG: Final = 6
    FROM_SNAPSHOT: Final = 7
    SHUTTING_DOWN: Final = 8
    SNAPSHOT: Final = 9
    CRASHED: Final = 10
    STARTING_UP: Final = 11
    POSTCOPY: Final = 12
    POSTCOPY_FAILED: Final = 13
    API_ERROR: Final = 14


class DomainRunningReason:
    """`virDomainRunningReason`"""

    UNKNOWN: Final = 0
    BOOTED: Final = 1
    MIGRATED: Final = 2
    RESTORED: Final = 3
    FROM_SNAPSHOT: Final = 4
    UNPAUSED: Final = 5
    MIGRATION_CANCELED: Final = 6
    SAVE_CANCELED: Final = 7
    WAKEUP: Final = 8
    CRASHED: Final = 9
    POSTCOPY: Final = 10
    POSTCOPY_FAILED: Final = 11


class DomainShutdownReason:
    """`virDomainShutdownReason`"""

    UNKNOWN: Final = 0
    USER: Final = 1


class DomainShutoffReason:
    """`virDomainShutoffReason`"""

    UNKNOWN: Final = 0
    SHUTDOWN: Final = 1
    DESTROYED: Final = 2
    CRASHED: Final = 3
    MIGRATED: Final = 4
    SAVED: Final = 5
    FAILED: Final = 6
    FROM_SNAPSHOT: Final = 7
    DAEMON: Final = 8


class DomainState:
    """`virDomainState`"""

    NOSTATE: Final = 0
    RUNNING: Final = 1
    BLOCKED: Final = 2
    PAUSED: Final = 3
    SHUTDOWN: Final = 4
    SHUTOFF: Final = 5
    CRASHED: Final = 6
    PMSUSPENDED: Final = 7


class VcpuHostCpuState:
    """`virVcpuHostCpuState`"""

    UNAVAILABLE: Final = -2
    OFFLINE: Final = -1


class VcpuState:
    """`virVcpuState`"""

    OFFLINE: Final = 0
    RUNNING: Final = 1
    BLOCKED: Final = 2
