"""libvirt's public constants for networks, interfaces and network filters.

One class for each enum of the API, named as it is without `vir`; plain integers, so that a flag set is an `int` as it
is on the wire.
"""

from typing import Final


class InterfaceDefineFlags:
    """`virInterfaceDefineFlags`"""

    VALIDATE: Final = 1


class InterfaceXMLFlags:
    """`virInterfaceXMLFlags`"""

    XML_INACTIVE: Final = 1


class NWFilterBindingCreateFlags:
    """`virNWFilterBindingCreateFlags`"""

    VALIDATE: Final = 1


class NWFilterDefineFlags:
    """`virNWFilterDefineFlags`"""

    VALIDATE: Final = 1


class NetworkCreateFlags:
    """`virNetworkCreateFlags`"""

    VALIDATE: Final = 1


class NetworkDefineFlags:
    """`virNetworkDefineFlags`"""

    VALIDATE: Final = 1


class NetworkEventID:
    """`virNetworkEventID`"""

    LIFECYCLE: Final = 0
    METADATA_CHANGE: Final = 1


class NetworkEventLifecycle:
    """`virNetworkEventLifecycleType`"""

    DEFINED: Final = 0
    UNDEFINED: Final = 1
    STARTED: Final = 2
    STOPPED: Final = 3


class NetworkMetadataType:
    """`virNetworkMetadataType`"""

    DESCRIPTION: Final = 0
    TITLE: Final = 1
    ELEMENT: Final = 2


class NetworkPortCreateFlags:
    """`virNetworkPortCreateFlags`"""

    RECLAIM: Final = 1
    VALIDATE: Final = 2


class NetworkUpdateCommand:
    """`virNetworkUpdateCommand`"""

    NONE: Final = 0
    MODIFY: Final = 1
    DELETE: Final = 2
    ADD_FIRST: Final = 4


class NetworkUpdateFlags:
    """`virNetworkUpdateFlags`"""

    CURRENT: Final = 0
    LIVE: Final = 1
    CONFIG: Final = 2


class NetworkUpdateSection:
    """`virNetworkUpdateSection`"""

    NONE: Final = 0
    BRIDGE: Final = 1
    DOMAIN: Final = 2
    IP: Final = 3
    IP_DHCP_HOST: Final = 4
    IP_DHCP_RANGE: Final = 5
    FORWARD: Final = 6
    FORWARD_INTERFACE: Final = 7
    FORWARD_PF: Final = 8
    PORTGROUP: Final = 9
    DNS_HOST: Final = 10
    DNS_TXT: Final = 11
    DNS_SRV: Final = 12


class NetworkXMLFlags:
    """`virNetworkXMLFlags`"""

    XML_INACTIVE: Final = 1
