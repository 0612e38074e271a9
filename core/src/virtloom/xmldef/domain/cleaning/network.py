"""Addresses and routes of interfaces and host devices: checked, and written as libvirt does (`virDomainNetIPInfo`)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.route import read_route

FAMILIES = {4: "ipv4", 6: "ipv6"}


def interface_addresses(interface: Node) -> None:
    """The addresses and routes of the guest's end, and of the host's where the source has them."""
    _addresses(interface, "guest interface")
    source = interface.find("source")
    if source is not None:
        _addresses(source, "interface host IP")


def hostdev_addresses(hostdev: Node) -> None:
    """The addresses and routes of an interface of the host's that a container is given."""
    _addresses(hostdev, "Domain hostdev device")


def _addresses(node: Node, what: str) -> None:
    for one in node.all("ip"):
        _address(one)
    for one in node.all("route"):
        read_route(one, what)


def _address(node: Node) -> None:
    text = node.get("address")
    if text is None:
        raise _bad("Missing required address in <ip>")
    found = _parsed(text)
    family = node.get("family")
    if found is None or (family in FAMILIES.values() and family != FAMILIES[found.version]):
        raise _bad(f"Invalid address '{text}' in <ip>")
    prefix = node.get("prefix")
    if prefix is not None and not (prefix.isascii() and prefix.isdigit() and int(prefix) <= found.max_prefixlen):
        raise _bad(f"Invalid prefix value '{prefix}' in <ip>")
    peer = node.get("peer")
    if peer is not None and _parsed(peer) is None:
        raise VirtError(ErrorCode.INVALID_ARG, f"Invalid peer '{peer}' in <ip>", ErrorDomain.DOMAIN)
    shown = {"address": str(found), "family": FAMILIES[found.version], "prefix": prefix, "peer": peer}
    node.attrs = {name: value for name, value in shown.items() if value and value != "0"}


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _bad(detail: str) -> VirtError:
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
