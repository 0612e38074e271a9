"""Groups of ports that have something in common (`virNetworkPortGroupParseXML`)."""

from __future__ import annotations

from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.attributes import given, read_as
from virtloom.xmldef.network.bandwidth import Bandwidth, read_bandwidth
from virtloom.xmldef.network.refusal import bad
from virtloom.xmldef.network.virtualport import VirtualPort, read_virtualport
from virtloom.xmldef.network.vlan import Vlan, read_vlan


class PortGroup(Definition, tag="portgroup"):
    """What the ports of a group get.

    :ivar default: true for the group of ports that name none; None otherwise.
    """

    name: str = attr()
    default: bool | None = attr(values.yes_no)
    trust_guest_rx_filters: bool | None = attr(values.yes_no, "trustGuestRxFilters")
    vlan: Vlan | None = child(Vlan)
    virtualport: VirtualPort | None = child(VirtualPort)
    bandwidth: Bandwidth | None = child(Bandwidth)


def read_portgroup(node: Node) -> PortGroup:
    """The group that an element describes.

    :raises VirtError: XML_ERROR and others, in libvirt's words.
    """
    name = given(node, "name")
    if name is None:
        raise bad("Missing required name attribute in portgroup")
    return PortGroup(
        name=name,
        default=True if (given(node, "default") or "").lower() == "yes" else None,
        trust_guest_rx_filters=read_as(values.yes_no, node, "trustGuestRxFilters"),
        virtualport=read_virtualport(node.find("virtualport")),
        bandwidth=read_bandwidth(node.find("bandwidth")),
        vlan=read_vlan(node.find("vlan")),
    )
