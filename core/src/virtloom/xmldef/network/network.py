"""A virtual network's definition (`virNetworkDefParseXML`, `virNetworkDefFormat`)."""

from __future__ import annotations

from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child, children, computed, leaf, raw
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import root_of, text_of, uuid_of
from virtloom.xmldef.network.attributes import decimal, given, read_as
from virtloom.xmldef.network.bandwidth import Bandwidth, read_bandwidth
from virtloom.xmldef.network.bridge import Bridge, read_bridge
from virtloom.xmldef.network.checks import check_mode, check_routes
from virtloom.xmldef.network.dns import Dns, Domain, read_dns
from virtloom.xmldef.network.dnsmasq_options import read_options, write_options
from virtloom.xmldef.network.forward import VIRTUAL, Forward, read_forward
from virtloom.xmldef.network.ip import Ip, read_ip
from virtloom.xmldef.network.portgroup import PortGroup, read_portgroup
from virtloom.xmldef.network.refusal import bad
from virtloom.xmldef.network.route import Route, read_route
from virtloom.xmldef.network.virtualport import VirtualPort, read_virtualport
from virtloom.xmldef.network.vlan import Vlan, read_vlan
from virtloom.xmldef.values import Kind, Misfit


def attribute_of(tag: str, name: str, kind: Kind) -> Any:
    """A field that is the one attribute of an element."""
    return computed(lambda node: None, lambda value, node: node.add(tag, {name: kind.format(value)}))


class Network(Definition, tag="network"):
    """A network.

    :ivar connections: how many ports it has now; None for none.
    :ivar ipv6: true if guests may talk IPv6 to each other though the bridge has no such address; None otherwise.
    :ivar bridge: None in the modes that have none and name none.
    :ivar mac: the bridge's.
    :ivar mtu: in bytes.
    :ivar isolated_port: whether ports are kept apart from each other.
    :ivar dnsmasq: lines for dnsmasq's configuration.
    """

    connections: int | None = attr(values.uint)
    ipv6: bool | None = attr(values.yes_no)
    trust_guest_rx_filters: bool | None = attr(values.yes_no, "trustGuestRxFilters")
    name: str = leaf()
    uuid: bytes = leaf(values.uuid)
    metadata: Node | None = raw()
    forward: Forward | None = child(Forward)
    bridge: Bridge | None = child(Bridge)
    mtu: int | None = attribute_of("mtu", "size", values.uint)
    mac: str | None = attribute_of("mac", "address", values.mac)
    domain: Domain | None = child(Domain)
    dns: Dns | None = child(Dns)
    vlan: Vlan | None = child(Vlan)
    bandwidth: Bandwidth | None = child(Bandwidth)
    isolated_port: bool | None = attribute_of("port", "isolated", values.yes_no)
    ips: tuple[Ip, ...] = children(Ip)
    routes: tuple[Route, ...] = children(Route)
    virtualport: VirtualPort | None = child(VirtualPort)
    portgroups: tuple[PortGroup, ...] = children(PortGroup)
    dnsmasq: tuple[str, ...] = computed(lambda node: (), write_options, ())

    @property
    def mode(self) -> str:
        """Its forward mode; `none` for one that is isolated."""
        return self.forward.mode if self.forward is not None else "none"

    @property
    def bridge_name(self) -> str | None:
        """The bridge's name."""
        return self.bridge.name if self.bridge is not None else None

    @property
    def is_virtual(self) -> bool:
        """Whether the bridge is its own, made when it starts."""
        return self.mode in VIRTUAL

    def named_bridge(self, name: str) -> Network:
        """The same network on a bridge of another name."""
        return self.replace(bridge=(self.bridge or Bridge()).replace(name=name))

    def portgroup(self, name: str | None) -> PortGroup | None:
        """The group of that name, or the default one."""
        found = (one for one in self.portgroups if (one.default if name is None else one.name == name))
        return next(found, None)


def parse_network(text: str, *, with_dnsmasq: bool = False) -> Network:
    """The network that a document defines.

    :param with_dnsmasq: whether lines for dnsmasq are kept.
    :raises VirtError: NO_NAME, XML_ERROR, CONFIG_UNSUPPORTED and others, in libvirt's words and order.
    """
    root = root_of(text, "network_definition", "network", ErrorDomain.NETWORK)
    return network_of(root, with_dnsmasq=with_dnsmasq)


def network_of(root: Node, *, with_dnsmasq: bool = False) -> Network:
    """The network that an element defines; see `parse_network`."""
    name = text_of(root, "name")
    if name is None:
        raise VirtError(ErrorCode.NO_NAME, None, ErrorDomain.NETWORK)
    if "/" in name:
        raise VirtError(ErrorCode.XML_DETAIL, "invalid char in name: /", ErrorDomain.XML)
    uuid = uuid_of(root, ErrorDomain.NETWORK, ErrorCode.INTERNAL_ERROR)
    made = _parts(root, name).replace(name=name, uuid=uuid)
    check_routes(made.ips, made.routes, name)
    forward = root.find("forward")
    if forward is not None:
        made = made.replace(forward=read_forward(forward, name))
    check_mode(made, gave_stp=given(root.find("bridge"), "stp") is not None)
    made = made.replace(forward=made.forward if made.mode != "none" else None, bridge=_bridge(made))
    return made.replace(metadata=root.find("metadata"), dnsmasq=read_options(root) if with_dnsmasq else ())


def _parts(root: Node, name: str) -> Network:
    """Everything that is read without knowing the mode, in the order in which libvirt complains."""
    return Network(
        ipv6=_ipv6(root, name),
        trust_guest_rx_filters=read_as(values.yes_no, root, "trustGuestRxFilters"),
        domain=_domain(root.find("domain")),
        bandwidth=read_bandwidth(root.find("bandwidth")),
        vlan=read_vlan(root.find("vlan")),
        isolated_port=read_as(values.yes_no, root.find("port"), "isolated"),
        bridge=read_bridge(root.find("bridge"), name),
        mac=_mac(root, name),
        mtu=_mtu(root, name),
        dns=read_dns(dns, name) if (dns := root.find("dns")) is not None else None,
        virtualport=read_virtualport(root.find("virtualport"), needs_type=True),
        portgroups=tuple(read_portgroup(node) for node in root.all("portgroup")),
        ips=tuple(read_ip(node, name) for node in root.all("ip")),
        routes=tuple(read_route(node, name) for node in root.all("route")),
    )


def _ipv6(root: Node, name: str) -> bool | None:
    word = given(root, "ipv6")
    if word not in (None, "yes", "no"):
        raise bad(f"Invalid ipv6 setting '{word}' in network '{name}'")
    return True if word == "yes" else None


def _domain(node: Node | None) -> Domain | None:
    local = read_as(values.yes_no, node, "localOnly")
    name = node.get("name") if node is not None else None
    return None if name is None else Domain(name=name, local_only=local)


def _mac(root: Node, name: str) -> str | None:
    text = given(root.find("mac"), "address")
    if text is None:
        return None
    try:
        mac: str = values.mac.parse(text)
    except Misfit:
        raise bad(f"Invalid bridge mac address '{text}' in network '{name}'") from None
    if int(mac[:2], 16) & 1:
        raise bad(f"Invalid multicast bridge mac address '{text}' in network '{name}'")
    return mac


def _mtu(root: Node, name: str) -> int | None:
    text = given(root.find("mtu"), "size")
    if text is None:
        return None
    size = decimal(text, (1 << 32) - 1)
    if size is None:
        raise bad(f"Invalid mtu size '{text}' in network '{name}'")
    return size or None


def _bridge(network: Network) -> Bridge | None:
    """The bridge with what its mode lets it have; None if nothing is left to say."""
    bridge = network.bridge or Bridge()
    if not network.is_virtual:
        bridge = bridge.replace(stp=None, delay=None)
    return bridge if bridge != Bridge() else None
