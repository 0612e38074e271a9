"""libvirt's public constants for snapshots, checkpoints and backups.

One class for each enum of the API, named as it is without `vir`; plain integers, so that a flag set is an `int` as it
is on the wire.
"""

from typing import Final


class DomainBackupBeginFlags:
    """`virDomainBackupBeginFlags`"""

    REUSE_EXTERNAL: Final = 1
    PRESERVE_SHUTDOWN_DOMAIN: Final = 2


class DomainCheckpointCreateFlags:
    """`virDomainCheckpointCreateFlags`"""

    REDEFINE: Final = 1
    QUIESCE: Final = 2
    REDEFINE_VALIDATE: Final = 4


class DomainCheckpointDeleteFlags:
    """`virDomainCheckpointDeleteFlags`"""

    CHILDREN: Final = 1
    METADATA_ONLY: Final = 2
    CHILDREN_ONLY: Final = 4


class DomainCheckpointListFlags:
    """`virDomainCheckpointListFlags`"""

    DESCENDANTS: Final = 1
    ROOTS: Final = 1
    TOPOLOGICAL: Final = 2
    LEAVES: Final = 4
    NO_LEAVES: Final = 8


class DomainCheckpointXMLFlags:
    """`virDomainCheckpointXMLFlags`"""

    SECURE: Final = 1
    NO_DOMAIN: Final = 2
    SIZE: Final = 4


class DomainSnapshotCreateFlags:
    """`virDomainSnapshotCreateFlags`"""

    REDEFINE: Final = 1
    CURRENT: Final = 2
    NO_METADATA: Final = 4
    HALT: Final = 8
    DISK_ONLY: Final = 16
    REUSE_EXT: Final = 32
    QUIESCE: Final = 64
    ATOMIC: Final = 128
    LIVE: Final = 256
    VALIDATE: Final = 512


class DomainSnapshotDeleteFlags:
    """`virDomainSnapshotDeleteFlags`"""

    CHILDREN: Final = 1
    METADATA_ONLY: Final = 2
    CHILDREN_ONLY: Final = 4


class DomainSnapshotListFlags:
    """`virDomainSnapshotListFlags`"""

    DESCENDANTS: Final = 1
    ROOTS: Final = 1
    METADATA: Final = 2
    LEAVES: Final = 4
    NO_LEAVES: Final = 8
    NO_METADATA: Final = 16
    INACTIVE: Final = 32
    ACTIVE: Final = 64
    DISK_ONLY: Final = 128
    INTERNAL: Final = 256
    EXTERNAL: Final = 512
    TOPOLOGICAL: Final = 1024


class DomainSnapshotRevertFlags:
    """`virDomainSnapshotRevertFlags`"""

    RUNNING: Final = 1
    PAUSED: Final = 2
    FORCE: Final = 4
    RESET_NVRAM: Final = 8


class DomainSnapshotXMLFlags:
    """`virDomainSnapshotXMLFlags`"""

    XML_SECURE: Final = 1
