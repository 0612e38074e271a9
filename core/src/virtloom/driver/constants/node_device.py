"""libvirt's public constants for node devices.

One class for each enum of the API, named as it is without `vir`; plain integers, so that a flag set is an `int` as it
is on the wire.
"""

from typing import Final


class ConnectListAllNodeDeviceFlags:
    """`virConnectListAllNodeDeviceFlags`"""

    CAP_SYSTEM: Final = 1
    CAP_PCI_DEV: Final = 2
    CAP_USB_DEV: Final = 4
    CAP_USB_INTERFACE: Final = 8
    CAP_NET: Final = 16
    CAP_SCSI_HOST: Final = 32
    CAP_SCSI_TARGET: Final = 64
    CAP_SCSI: Final = 128
    CAP_STORAGE: Final = 256
    CAP_FC_HOST: Final = 512
    CAP_VPORTS: Final = 1024
    CAP_SCSI_GENERIC: Final = 2048
    CAP_DRM: Final = 4096
    CAP_MDEV_TYPES: Final = 8192
    CAP_MDEV: Final = 16384
    CAP_CCW_DEV: Final = 32768
    CAP_CSS_DEV: Final = 65536
    CAP_VDPA: Final = 131072
    CAP_AP_CARD: Final = 262144
    CAP_AP_QUEUE: Final = 524288
    CAP_AP_MATRIX: Final = 1048576
    CAP_VPD: Final = 2097152
    CAP_CCWGROUP_DEV: Final = 4194304
    CAP_CCWGROUP_MEMBER: Final = 8388608
    PERSISTENT: Final = 268435456
    TRANSIENT: Final = 536870912
    INACTIVE: Final = 1073741824
    ACTIVE: Final = 2147483648


class NodeDeviceCreateXMLFlags:
    """`virNodeDeviceCreateXMLFlags`"""

    XML_VALIDATE: Final = 1


class NodeDeviceDefineXMLFlags:
    """`virNodeDeviceDefineXMLFlags`"""

    XML_VALIDATE: Final = 1


class NodeDeviceEventID:
    """`virNodeDeviceEventID`"""

    LIFECYCLE: Final = 0
    UPDATE: Final = 1


class NodeDeviceEventLifecycle:
    """`virNodeDeviceEventLifecycleType`"""

    CREATED: Final = 0
    DELETED: Final = 1
    DEFINED: Final = 2
    UNDEFINED: Final = 3


class NodeDeviceUpdateFlags:
    """`virNodeDeviceUpdateFlags`"""

    CURRENT: Final = 0
    LIVE: Final = 1
    CONFIG: Final = 2


class NodeDeviceXMLFlags:
    """`virNodeDeviceXMLFlags`"""

    XML_INACTIVE: Final = 1
