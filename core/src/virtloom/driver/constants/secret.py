"""libvirt's public constants for secrets.

One class for each enum of the API, named as it is without `vir`; plain integers, so that a flag set is an `int` as it
is on the wire.
"""

from typing import Final


class SecretDefineFlags:
    """`virSecretDefineFlags`"""

    VALIDATE: Final = 1


class SecretEventID:
    """`virSecretEventID`"""

    LIFECYCLE: Final = 0
    VALUE_CHANGED: Final = 1


class SecretEventLifecycle:
    """`virSecretEventLifecycleType`"""

    DEFINED: Final = 0
    UNDEFINED: Final = 1


class SecretUsage:
    """`virSecretUsageType`"""

    NONE: Final = 0
    VOLUME: Final = 1
    CEPH: Final = 2
    ISCSI: Final = 3
    TLS: Final = 4
    VTPM: Final = 5
