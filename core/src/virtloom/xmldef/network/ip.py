"""The addresses of a network's bridge (`virNetworkIPDefParseXML`)."""

from __future__ import annotations

from typing import Any

from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child, computed
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.addresses import Address, numeric, parsed, prefix_length
from virtloom.xmldef.network.attributes import given, read_as
from virtloom.xmldef.network.dhcp import Dhcp, Host, Range, read_dhcp
from virtloom.xmldef.network.refusal import bad, unsupported


def _tftp() -> Any:
    return computed(
        lambda node: given(node.find("tftp"), "root"),
        lambda root, node: node.add("tftp", {"root": root}),
    )


class Ip(Definition, tag="ip"):
    """An address of the bridge, and what is leased beside it."""

    family: str | None = attr()
    address: Address = attr(numeric)
    netmask: Address | None = attr(numeric)
    prefix: int | None = attr(values.uint)
    local_ptr: bool | None = attr(values.yes_no, "localPtr")
    tftp: str | None = _tftp()
    dhcp: Dhcp | None = child(Dhcp)

    @property
    def bits(self) -> int:
        """How many bits of the address name the network; -1 if the netmask is none."""
        return prefix_length(self.address, self.netmask, self.prefix or 0)

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The ranges that are leased."""
        return self.dhcp.ranges if self.dhcp is not None else ()

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The fixed hosts."""
        return self.dhcp.hosts if self.dhcp is not None else ()

    def leasing(self, *, ranges: tuple[Range, ...] | None = None, hosts: tuple[Host, ...] | None = None) -> Ip:
        """The same address with other ranges or hosts."""
        old = self.dhcp or Dhcp()
        new = old.replace(ranges=old.ranges if ranges is None else ranges, hosts=old.hosts if hosts is None else hosts)
        return self.replace(dhcp=new if new.ranges or new.hosts else None)


def read_ip(node: Node, network: str) -> Ip:
    """An address of a bridge.

    :param network: the network's name, for messages.
    :raises VirtError: XML_ERROR, CONFIG_UNSUPPORTED and others, in libvirt's words.
    """
    text = given(node, "address")
    if text is None:
        raise bad(f"Missing required address attribute in network '{network}'")
    found = parsed(text)
    if found is None:
        raise bad(f"Invalid address '{text}' in network '{network}'")
    mask_text = given(node, "netmask")
    netmask = parsed(mask_text) if mask_text is not None else None
    if mask_text is not None and netmask is None:
        raise bad(f"Invalid netmask '{mask_text}' in network '{network}'")
    prefix = read_as(values.uint, node, "prefix") or None
    local = read_as(values.yes_no, node, "localPtr")
    made = Ip(family=given(node, "family"), address=found, netmask=netmask, prefix=prefix, local_ptr=local)
    _check_family(made, text, mask_text, network)
    return _with_services(made, node, network)


def _check_family(ip: Ip, text: str, mask: str | None, network: str) -> None:
    if ip.family in (None, "ipv4"):
        _check_ipv4(ip, text, mask, network)
    elif ip.family == "ipv6":
        _check_ipv6(ip, text, mask, network)
    else:
        raise bad(f"Unrecognized family '{ip.family}' in network '{network}'")


def _check_ipv4(ip: Ip, text: str, mask: str | None, network: str) -> None:
    if ip.address.version != 4:
        raise unsupported(f"{ip.family or 'no'} family specified for non-IPv4 address '{text}' in network '{network}'")
    if ip.netmask is not None and ip.netmask.version != 4:
        told = f"Invalid netmask '{mask}' for address '{text}' in network '{network}' (both must be IPv4)"
        raise unsupported(told)
    if ip.netmask is not None and ip.prefix:
        raise unsupported(f"Network '{network}' IP address cannot have both a prefix and a netmask")
    if ip.netmask is None and (ip.prefix or 0) > 32:
        raise unsupported(f"Invalid IPv4 prefix '{ip.prefix}' in network '{network}'")


def _check_ipv6(ip: Ip, text: str, mask: str | None, network: str) -> None:
    if ip.address.version != 6:
        raise unsupported(f"Family 'ipv6' specified for non-IPv6 address '{text}' in network '{network}'")
    if mask is not None:
        raise unsupported(f"netmask not allowed for IPv6 address '{text}' in network '{network}'")
    if (ip.prefix or 0) > 128:
        raise unsupported(f"Invalid IPv6 prefix '{ip.prefix}' in network '{network}'")


def _with_services(ip: Ip, node: Node, network: str) -> Ip:
    found = node.find("dhcp")
    dhcp = read_dhcp(found, network, ip.address, ip.bits) if found is not None else None
    tftp = node.find("tftp")
    if tftp is not None and ip.address.version != 4:
        raise unsupported(f"Unsupported <tftp> element in an IPv6 element in network '{network}'")
    return ip.replace(dhcp=dhcp, tftp=given(tftp, "root"))
