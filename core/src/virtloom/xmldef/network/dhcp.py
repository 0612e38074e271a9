"""What is leased: ranges, fixed hosts, and what to boot from (`virNetworkDHCPDefParseXML`)."""

from __future__ import annotations

import re

from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child, children
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.addresses import Address, numeric, parsed, required
from virtloom.xmldef.network.ranges import range_size
from virtloom.xmldef.network.refusal import bad, unsupported
from virtloom.xmldef.values import Misfit

UNITS = ("seconds", "minutes", "hours")
SHORTEST = {"seconds": 120, "minutes": 2, "hours": 0}  # dnsmasq(8): a lease lasts two minutes at least


class Lease(Definition, tag="lease"):
    """How long a lease lasts; 0 is for ever."""

    expiry: int = attr(values.ulong)
    unit: str | None = attr(values.Words(*UNITS))


class Range(Definition, tag="range"):
    """Addresses that are given to whoever asks."""

    start: Address = attr(numeric)
    end: Address = attr(numeric)
    lease: Lease | None = child(Lease)


class Host(Definition, tag="host"):
    """A guest that always gets the same address. Its MAC is kept as it was written."""

    mac: str | None = attr()
    id: str | None = attr()
    name: str | None = attr()
    ip: Address | None = attr(numeric)
    lease: Lease | None = child(Lease)


class Bootp(Definition, tag="bootp"):
    """What a guest boots from the network."""

    file: str = attr()
    server: Address | None = attr(numeric)


class Dhcp(Definition, tag="dhcp"):
    """All of it, for one address of the bridge."""

    ranges: tuple[Range, ...] = children(Range)
    hosts: tuple[Host, ...] = children(Host)
    bootp: Bootp | None = child(Bootp)


def read_dhcp(node: Node, network: str, of: Address, prefix: int) -> Dhcp | None:
    """What an element says is to be leased; None if it leases nothing.

    :param network: the network's name, for messages.
    :param of: the bridge's address.
    :param prefix: how many bits of it name the network.
    :raises VirtError: XML_ERROR and others, in libvirt's words.
    """
    ranges: list[Range] = []
    hosts: list[Host] = []
    bootp = None
    for one in node.children:
        if one.tag == "range":
            ranges.append(read_range(one, network, of, prefix))
        elif one.tag == "host":
            hosts.append(read_host(one, network, of))
        elif one.tag == "bootp" and of.version == 4 and (file := one.get("file")) is not None:
            server = one.get("server")
            bootp = Bootp(file=file, server=None if server is None else required(server))
    return Dhcp(ranges=tuple(ranges), hosts=tuple(hosts), bootp=bootp) if ranges or hosts else None


def read_range(node: Node, network: str, of: Address, prefix: int) -> Range:
    """A range of addresses (`virNetworkDHCPRangeDefParseXML`).

    :raises VirtError: XML_ERROR, SYSTEM_ERROR or INTERNAL_ERROR, in libvirt's words.
    """
    start, end = (_bound(node, name, network) for name in ("start", "end"))
    range_size(start, end, of, prefix)
    return Range(start=start, end=end, lease=_lease(node))


def _bound(node: Node, name: str, network: str) -> Address:
    text = node.get(name)
    if text is None:
        raise bad(f"Missing '{name}' attribute in dhcp range for network '{network}'")
    return required(text)


def read_host(node: Node, network: str, of: Address, *, partial: bool = False) -> Host:
    """A fixed host (`virNetworkDHCPHostDefParseXML`).

    :param partial: whether it only has to name one that there is.
    :raises VirtError: XML_ERROR, in libvirt's words.
    """
    mac = _mac(node, network, of)
    id_ = _id(node, network)
    name = node.get("name")
    if name is not None and not re.match(r"[a-zA-Z0-9]", name):
        raise bad(f"Cannot use host name '{name}' in network '{network}'")
    text = node.get("ip")
    ip = parsed(text) if text is not None else None
    if text is not None and ip is None:
        raise bad(f"Invalid IP address in static host definition for network '{network}'")
    host = Host(mac=mac, id=id_, name=name, ip=ip)
    _check_partial(host, network) if partial else _check_whole(host, network, of)
    return host.replace(lease=_lease(node))


def _mac(node: Node, network: str, of: Address) -> str | None:
    text = node.get("mac")
    if text is None:
        return None
    if of.version == 6:
        told = f"Invalid to specify MAC address '{text}' in network '{network}' IPv6 static host definition"
        raise bad(told)
    try:
        plain: str = values.mac.parse(text)
    except Misfit:
        raise bad(f"Cannot parse MAC address '{text}' in network '{network}'") from None
    if int(plain[:2], 16) & 1:
        raise bad(f"expected unicast mac address, found multicast '{text}' in network '{network}'")
    return text


def _id(node: Node, network: str) -> str | None:
    text = node.get("id")
    strange = re.search(r"[^0-9a-fA-F:]", text or "")
    if strange is not None:
        raise bad(f"Invalid character '{strange[0]}' in id '{text}' of network '{network}'")
    return text


def _check_partial(host: Host, network: str) -> None:
    if host.mac is None and host.name is None and host.ip is None:
        told = "At least one of name, mac, or ip attribute must be specified for static host definition in network "
        raise bad(f"{told}'{network}' ")


def _check_whole(host: Host, network: str, of: Address) -> None:
    if of.version == 6 and host.id is None and host.name is None:
        raise bad(f"Static host definition in IPv6 network '{network}' must have id or name attribute")
    if of.version == 4 and host.mac is None and host.name is None:
        raise bad(f"Static host definition in IPv4 network '{network}' must have mac or name attribute")
    if host.ip is None:
        raise bad(f"Missing IP address in static host definition for network '{network}'")


def _lease(node: Node) -> Lease | None:
    nodes = [one for one in node.all("lease") if one.get("expiry") is not None]
    if not nodes:
        return None
    lease = Lease.read(nodes[-1])
    unit = lease.unit or "minutes"
    if 0 < lease.expiry < SHORTEST[unit]:
        raise unsupported("The minimum lease time should be greater than 2 minutes")
    return lease.replace(unit=unit if lease.expiry else None)
