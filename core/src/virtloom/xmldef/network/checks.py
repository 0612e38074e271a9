"""What the parts of a network must be to each other, once its mode is known (the end of `virNetworkDefParseXML`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtloom.xmldef.network.addresses import network_of, shown
from virtloom.xmldef.network.bridge import Bridge
from virtloom.xmldef.network.forward import Forward
from virtloom.xmldef.network.ip import Ip
from virtloom.xmldef.network.refusal import bad, unsupported
from virtloom.xmldef.network.route import Route

if TYPE_CHECKING:
    from virtloom.xmldef.network.network import Network


def check_routes(ips: tuple[Ip, ...], routes: tuple[Route, ...], network: str) -> None:
    """Refuse a route whose gateway is not on the bridge.

    :param network: the network's name, for messages.
    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    for route in routes:
        gateway = route.gateway
        same = [ip for ip in ips if ip.address.version == gateway.version and ip.bits >= 0]
        if not any(network_of(ip.address, ip.bits) == network_of(gateway, ip.bits) for ip in same):
            told = f"unreachable static route gateway '{shown(gateway)}' specified for network '{network}'"
            raise unsupported(told)


def check_mode(network: Network, *, gave_stp: bool) -> None:
    """Refuse what the forward mode has no use for.

    :param gave_stp: whether the document says anything about the spanning tree.
    :raises VirtError: XML_ERROR.
    """
    if network.mode in ("route", "nat", "open"):
        _check_forwarding(network)
    elif network.mode != "none":
        _check_external(network, gave_stp)
    if network.mtu is not None and not network.is_virtual:
        told = "mtu size only allowed in open, route, nat, and isolated mode, not in"
        raise bad(f"{told} {network.mode} (network '{network.name}')")


def _check_forwarding(network: Network) -> None:
    if not network.ips:
        told = f"{network.mode} forwarding requested, but no IP address provided for network '{network.name}'"
        raise bad(told)
    interfaces = network.forward.interfaces if network.forward is not None else ()
    if len(interfaces) > 1:
        told = f"multiple forwarding interfaces specified for network '{network.name}', only one is supported"
        raise bad(told)
    if network.mode == "open" and interfaces:
        raise bad(f"forward dev not allowed for network '{network.name}' with forward mode='open'")


def _check_external(network: Network, gave_stp: bool) -> None:
    bridge, forward = network.bridge or Bridge(), network.forward or Forward()
    where = f"(network '{network.name}')"
    if network.mode != "bridge":
        for value, what in (
            (bridge.name, "bridge name"),
            (bridge.zone, "bridge zone"),
            (bridge.mac_table_manager, "bridge macTableManager setting"),
        ):
            if value is not None:
                raise bad(f"{what} not allowed in {network.mode} mode {where}")
    if bridge.delay or gave_stp or bridge.zone is not None:
        told = "bridge delay/stp/zone options only allowed in route, nat, and isolated mode, not in"
        raise bad(f"{told} {network.mode} {where}")
    if bridge.name is not None and (forward.interfaces or forward.addresses or forward.pf is not None):
        told = f"A network with forward mode='{network.mode}' can specify a bridge name or a forward dev, but not both"
        raise bad(f"{told} {where}")
