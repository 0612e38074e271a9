"""The bridge that a network is, or uses."""

from __future__ import annotations

from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.attributes import decimal, given
from virtloom.xmldef.network.refusal import bad

MANAGERS = ("kernel", "libvirt")


class Bridge(Definition, tag="bridge"):
    """A bridge.

    :ivar zone: the firewall's zone; :ivar stp: whether it takes part in the spanning tree; :ivar delay: seconds until
        a port forwards; :ivar mac_table_manager: who fills the table of addresses.
    """

    name: str | None = attr()
    zone: str | None = attr()
    stp: bool | None = attr(values.on_off)
    delay: int | None = attr(values.ulong)
    mac_table_manager: str | None = attr(xml="macTableManager")


def read_bridge(node: Node | None, network: str) -> Bridge:
    """The bridge as a document gives it, and what it leaves out as it then is.

    :param network: the network's name, for messages.
    :raises VirtError: XML_ERROR, in libvirt's words.
    """
    text = given(node, "delay")
    delay = decimal(text) if text is not None else 0
    if delay is None:
        raise bad(f"Invalid delay value in network '{network}'")
    manager = given(node, "macTableManager")
    if manager is not None and manager not in MANAGERS:
        raise bad(f"Invalid macTableManager setting '{manager}' in network '{network}'")
    return Bridge(
        name=given(node, "name"),
        zone=given(node, "zone"),
        stp=given(node, "stp") != "off",
        delay=delay,
        mac_table_manager=manager,
    )
