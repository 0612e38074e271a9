"""How addresses are translated (`virNetworkForwardNatDefParseXML`)."""

from __future__ import annotations

from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.addresses import Address, numeric, parsed
from virtloom.xmldef.network.attributes import decimal, given, read_as
from virtloom.xmldef.network.ranges import range_size
from virtloom.xmldef.network.refusal import bad, bad_detail


class NatAddresses(Definition, tag="address"):
    """The addresses that take the guests' place."""

    start: Address = attr(numeric)
    end: Address = attr(numeric)


class NatPorts(Definition, tag="port"):
    """The ports that take the guests' place."""

    start: int = attr(values.uint)
    end: int = attr(values.uint)


class Nat(Definition, tag="nat"):
    """What the guests' addresses become; the host's own by default.

    :ivar ipv6: whether IPv6 is translated too.
    """

    ipv6: bool | None = attr(values.yes_no)
    addresses: NatAddresses | None = child(NatAddresses)
    ports: NatPorts | None = child(NatPorts)


def read_nat(forward: Node, mode: str, network: str) -> Nat | None:
    """How a `<forward>` says that addresses are translated; None if it does not say.

    :param network: the network's name, for messages.
    :raises VirtError: XML_ERROR and others, in libvirt's words.
    """
    nodes = list(forward.all("nat"))
    if len(nodes) > 1:
        raise bad(f"Only one <nat> element is allowed in <forward> of network {network}")
    if not nodes:
        return None
    if mode != "nat":
        raise bad(f"The <nat> element can only be used when <forward> 'mode' is 'nat' in network {network}")
    node = nodes[0]
    ipv6 = read_as(values.yes_no, node, "ipv6")
    made = Nat(ipv6=ipv6, addresses=_addresses(node, network), ports=_ports(node, network))
    return made if made != Nat() else None


def _addresses(node: Node, network: str) -> NatAddresses | None:
    nodes = list(node.all("address"))
    if len(nodes) > 1:
        raise bad(f"Only one <address> element is allowed in <nat> in <forward> in network {network}")
    if not nodes:
        return None
    texts = {name: nodes[0].get(name) for name in ("start", "end")}
    for name, text in texts.items():
        if text is None:
            raise bad(f"missing '{name}' attribute in <address> element in <nat> in <forward> in network {network}")
    start, end = (_ipv4(name, text or "", network) for name, text in texts.items())
    range_size(start, end)
    return NatAddresses(start=start, end=end)


def _ipv4(name: str, text: str, network: str) -> Address:
    found = parsed(text)
    if found is None or found.version != 4:
        raise bad(f"Bad ipv4 {name} address '{text}' in <nat> in <forward> in network '{network}'")
    return found


def _ports(node: Node, network: str) -> NatPorts | None:
    nodes = list(node.all("port"))
    if len(nodes) > 1:
        raise bad(f"Only one <port> element is allowed in <nat> in <forward> in network {network}")
    if not nodes:
        return None
    start, end = (decimal(given(nodes[0], name) or "", 65535) for name in ("start", "end"))
    where = f"in <port> in <nat> in <forward> in network {network}"
    if start is None:
        raise bad_detail(f"Missing or invalid 'start' attribute {where}")
    if end is None or end < start:
        raise bad_detail(f"Missing or invalid 'end' attribute {where}")
    return NatPorts(start=start, end=end) if start or end else None
