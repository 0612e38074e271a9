"""libvirt's public constants for connections, the node and typed parameters.

One class for each enum of the API, named as it is without `vir`; plain integers, so that a flag set is an `int` as it
is on the wire.
"""

from typing import Final


class CPUCompareResult:
    """`virCPUCompareResult`"""

    ERROR: Final = -1
    INCOMPATIBLE: Final = 0
    IDENTICAL: Final = 1
    SUPERSET: Final = 2


class ConnectBaselineCPUFlags:
    """`virConnectBaselineCPUFlags`"""

    EXPAND_FEATURES: Final = 1
    MIGRATABLE: Final = 2
    IGNORE_HOST: Final = 4


class ConnectCloseReason:
    """`virConnectCloseReason`"""

    ERROR: Final = 0
    EOF: Final = 1
    KEEPALIVE: Final = 2
    CLIENT: Final = 3


class ConnectCompareCPUFlags:
    """`virConnectCompareCPUFlags`"""

    FAIL_INCOMPATIBLE: Final = 1
    VALIDATE_XML: Final = 2


class ConnectCredential:
    """`virConnectCredentialType`"""

    USERNAME: Final = 1
    AUTHNAME: Final = 2
    LANGUAGE: Final = 3
    CNONCE: Final = 4
    PASSPHRASE: Final = 5
    ECHOPROMPT: Final = 6
    NOECHOPROMPT: Final = 7
    REALM: Final = 8
    EXTERNAL: Final = 9


class ConnectFlags:
    """`virConnectFlags`"""

    RO: Final = 1
    NO_ALIASES: Final = 2


class ConnectGetAllDomainStatsFlags:
    """`virConnectGetAllDomainStatsFlags`"""

    ACTIVE: Final = 1
    INACTIVE: Final = 2
    PERSISTENT: Final = 4
    TRANSIENT: Final = 8
    RUNNING: Final = 16
    PAUSED: Final = 32
    SHUTOFF: Final = 64
    OTHER: Final = 128
    NOWAIT: Final = 536870912
    BACKING: Final = 1073741824
    ENFORCE_STATS: Final = 2147483648


class ConnectGetDomainCapabilitiesFlags:
    """`virConnectGetDomainCapabilitiesFlags`"""

    DISABLE_DEPRECATED_FEATURES: Final = 1
    EXPAND_CPU_FEATURES: Final = 2
    SUPPORTED_CPU_FEATURES: Final = 4


class ConnectListAllDomainsFlags:
    """`virConnectListAllDomainsFlags`"""

    ACTIVE: Final = 1
    INACTIVE: Final = 2
    PERSISTENT: Final = 4
    TRANSIENT: Final = 8
    RUNNING: Final = 16
    PAUSED: Final = 32
    SHUTOFF: Final = 64
    OTHER: Final = 128
    MANAGEDSAVE: Final = 256
    NO_MANAGEDSAVE: Final = 512
    AUTOSTART: Final = 1024
    NO_AUTOSTART: Final = 2048
    HAS_SNAPSHOT: Final = 4096
    NO_SNAPSHOT: Final = 8192
    HAS_CHECKPOINT: Final = 16384
    NO_CHECKPOINT: Final = 32768


class ConnectListAllInterfacesFlags:
    """`virConnectListAllInterfacesFlags`"""

    INACTIVE: Final = 1
    ACTIVE: Final = 2


class ConnectListAllNetworksFlags:
    """`virConnectListAllNetworksFlags`"""

    INACTIVE: Final = 1
    ACTIVE: Final = 2
    PERSISTENT: Final = 4
    TRANSIENT: Final = 8
    AUTOSTART: Final = 16
    NO_AUTOSTART: Final = 32


class ConnectListAllSecretsFlags:
    """`virConnectListAllSecretsFlags`"""

    EPHEMERAL: Final = 1
    NO_EPHEMERAL: Final = 2
    PRIVATE: Final = 4
    NO_PRIVATE: Final = 8


class ConnectListAllStoragePoolsFlags:
    """`virConnectListAllStoragePoolsFlags`"""

    INACTIVE: Final = 1
    ACTIVE: Final = 2
    PERSISTENT: Final = 4
    TRANSIENT: Final = 8
    AUTOSTART: Final = 16
    NO_AUTOSTART: Final = 32
    DIR: Final = 64
    FS: Final = 128
    NETFS: Final = 256
    LOGICAL: Final = 512
    DISK: Final = 1024
    ISCSI: Final = 2048
    SCSI: Final = 4096
    MPATH: Final = 8192
    RBD: Final = 16384
    SHEEPDOG: Final = 32768
    GLUSTER: Final = 65536
    ZFS: Final = 131072
    VSTORAGE: Final = 262144
    ISCSI_DIRECT: Final = 524288


class EventHandle:
    """`virEventHandleType`"""

    READABLE: Final = 1
    WRITABLE: Final = 2
    ERROR: Final = 4
    HANGUP: Final = 8


class IPAddrType:
    """`virIPAddrType`"""

    IPV4: Final = 0
    IPV6: Final = 1


class KeycodeSet:
    """`virKeycodeSet`"""

    LINUX: Final = 0
    XT: Final = 1
    ATSET1: Final = 2
    ATSET2: Final = 3
    ATSET3: Final = 4
    OSX: Final = 5
    XT_KBD: Final = 6
    USB: Final = 7
    WIN32: Final = 8
    QNUM: Final = 9


class NodeAllocPagesFlags:
    """`virNodeAllocPagesFlags`"""

    ADD: Final = 0
    SET: Final = 1


class NodeGetCPUStatsAllCPUs:
    """`virNodeGetCPUStatsAllCPUs`"""

    CPU_STATS_ALL_CPUS: Final = -1


class NodeGetMemoryStatsAllCells:
    """`virNodeGetMemoryStatsAllCells`"""

    CELLS: Final = -1


class NodeSuspendTarget:
    """`virNodeSuspendTarget`"""

    MEM: Final = 0
    DISK: Final = 1
    HYBRID: Final = 2


class TypedParameterFlags:
    """`virTypedParameterFlags`"""

    PARAM_STRING_OKAY: Final = 4


class TypedParameterType:
    """`virTypedParameterType`"""

    INT: Final = 1
    UINT: Final = 2
    LLONG: Final = 3
    ULLONG: Final = 4
    DOUBLE: Final = 5
    BOOLEAN: Final = 6
    STRING: Final = 7


class ConnectDomainQemuMonitorEventRegisterFlags:
    """`virConnectDomainQemuMonitorEventRegisterFlags`"""

    REGEX: Final = 1
    NOCASE: Final = 2
