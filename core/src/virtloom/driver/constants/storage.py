"""libvirt's public constants for storage pools and volumes.

One class for each enum of the API, named as it is without `vir`; plain integers, so that a flag set is an `int` as it
is on the wire.
"""

from typing import Final


class StoragePoolBuildFlags:
    """`virStoragePoolBuildFlags`"""

    NEW: Final = 0
    REPAIR: Final = 1
    RESIZE: Final = 2
    NO_OVERWRITE: Final = 4
    OVERWRITE: Final = 8


class StoragePoolCreateFlags:
    """`virStoragePoolCreateFlags`"""

    NORMAL: Final = 0
    WITH_BUILD: Final = 1
    WITH_BUILD_OVERWRITE: Final = 2
    WITH_BUILD_NO_OVERWRITE: Final = 4


class StoragePoolDefineFlags:
    """`virStoragePoolDefineFlags`"""

    VALIDATE: Final = 1


class StoragePoolDeleteFlags:
    """`virStoragePoolDeleteFlags`"""

    NORMAL: Final = 0
    ZEROED: Final = 1


class StoragePoolEventID:
    """`virStoragePoolEventID`"""

    LIFECYCLE: Final = 0
    REFRESH: Final = 1


class StoragePoolEventLifecycle:
    """`virStoragePoolEventLifecycleType`"""

    DEFINED: Final = 0
    UNDEFINED: Final = 1
    STARTED: Final = 2
    STOPPED: Final = 3
    CREATED: Final = 4
    DELETED: Final = 5


class StoragePoolState:
    """`virStoragePoolState`"""

    INACTIVE: Final = 0
    BUILDING: Final = 1
    RUNNING: Final = 2
    DEGRADED: Final = 3
    INACCESSIBLE: Final = 4


class StorageVolCreateFlags:
    """`virStorageVolCreateFlags`"""

    PREALLOC_METADATA: Final = 1
    REFLINK: Final = 2
    VALIDATE: Final = 4


class StorageVolDeleteFlags:
    """`virStorageVolDeleteFlags`"""

    NORMAL: Final = 0
    ZEROED: Final = 1
    WITH_SNAPSHOTS: Final = 2


class StorageVolDownloadFlags:
    """`virStorageVolDownloadFlags`"""

    SPARSE_STREAM: Final = 1


class StorageVolInfoFlags:
    """`virStorageVolInfoFlags`"""

    USE_ALLOCATION: Final = 0
    GET_PHYSICAL: Final = 1


class StorageVolResizeFlags:
    """`virStorageVolResizeFlags`"""

    ALLOCATE: Final = 1
    DELTA: Final = 2
    SHRINK: Final = 4


class StorageVolType:
    """`virStorageVolType`"""

    FILE: Final = 0
    BLOCK: Final = 1
    DIR: Final = 2
    NETWORK: Final = 3
    NETDIR: Final = 4
    PLOOP: Final = 5


class StorageVolUploadFlags:
    """`virStorageVolUploadFlags`"""

    SPARSE_STREAM: Final = 1


class StorageVolWipeAlgorithm:
    """`virStorageVolWipeAlgorithm`"""

    ZERO: Final = 0
    NNSA: Final = 1
    DOD: Final = 2
    BSI: Final = 3
    GUTMANN: Final = 4
    SCHNEIER: Final = 5
    PFITZNER7: Final = 6
    PFITZNER33: Final = 7
    RANDOM: Final = 8
    TRIM: Final = 9


class StorageXMLFlags:
    """`virStorageXMLFlags`"""

    XML_INACTIVE: Final = 1
