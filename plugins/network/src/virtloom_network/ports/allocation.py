"""Which place a port gets on a network, and what it has of its group and its network: no I/O but reading sysfs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.network.bandwidth import Bandwidth
from virtloom.xmldef.network.forward import VIRTUAL
from virtloom.xmldef.network.network import Network
from virtloom.xmldef.network.port import NetworkPort, Plug
from virtloom.xmldef.network.portgroup import PortGroup
from virtloom.xmldef.network.refusal import internal, invalid, unsupported
from virtloom_network.networks.state import View
from virtloom_network.ports.devices import address_pool, link_pool
from virtloom_network.ports.profiles import completed, merged

SWITCHED = ("802.1Qbg", "802.1Qbh")  # virtual ports that a switch beside the host knows of


def allocated(view: View, port: NetworkPort) -> NetworkPort:
    """A port with its place, and with what it did not say itself.

    :raises VirtError: CONFIG_UNSUPPORTED, INTERNAL_ERROR and others, in libvirt's words.
    """
    network = view.definition
    group = network.portgroup(port.group)
    port = _inherited(network, group, port)
    profile = merged(port.virtualport, network.virtualport, group.virtualport if group is not None else None)
    port = port.replace(virtualport=profile)
    port = port.replace(plug=_plug(view, port))
    check_floor(view, port.bandwidth, port.mac)
    return port.replace(virtualport=completed(port.virtualport))


def _inherited(network: Network, group: PortGroup | None, port: NetworkPort) -> NetworkPort:
    """What of a port's its group says, and what neither says the network."""

    def first(*given: Any) -> Any:
        return next((one for one in given if one is not None), None)

    of_group = group or PortGroup()
    return port.replace(
        bandwidth=first(port.bandwidth, of_group.bandwidth),
        vlan=first(port.vlan, of_group.vlan, network.vlan),
        trust_guest=first(port.trust_guest, of_group.trust_guest_rx_filters, network.trust_guest_rx_filters),
        isolated=first(port.isolated, network.isolated_port),
    )


def _plug(view: View, port: NetworkPort) -> Plug:
    network = view.definition
    if network.mode in VIRTUAL:
        _check_profile(network, port, (), "which uses IP forwarding")
        return _bridged(network, "network")
    if network.mode == "hostdev":
        plug = _own_function(view)
        _check_profile(network, port, SWITCHED, "which uses an SR-IOV Virtual Function via PCI passthrough")
        return plug
    if network.mode == "bridge" and network.bridge_name is not None:
        _check_profile(network, port, ("openvswitch",), "which uses a bridge device")
        return _bridged(network, "bridge")
    _check_profile(network, port, SWITCHED, "which uses a macvtap device")
    return _direct(view, port)


def _check_profile(network: Network, port: NetworkPort, types: tuple[str, ...], what: str) -> None:
    profile = port.virtualport
    if profile is not None and profile.type not in types:
        told = f"<virtualport type='{profile.type or 'none'}'> not supported for network '{network.name}' {what}"
        raise unsupported(told)


def _bridged(network: Network, kind: str) -> Plug:
    bridge = network.bridge
    assert bridge is not None
    return Plug(type=kind, bridge=bridge.name, mac_table_manager=bridge.mac_table_manager)


def _direct(view: View, port: NetworkPort) -> Plug:
    network, forward = view.definition, view.definition.forward
    assert forward is not None
    if not forward.interfaces and forward.pf is None:
        raise internal(f"network '{network.name}' uses a direct mode, but has no forward dev and no interface pool")
    used = Counter(one.plug.dev for one in view.ports if one.plug is not None)
    pool = [link for link in link_pool(forward) if not (used[link] and _is_exclusive(network, port))]
    if not pool:
        raise _none_left(network)
    return Plug(type="direct", dev=min(pool, key=lambda link: used[link]), mode=network.mode)


def _is_exclusive(network: Network, port: NetworkPort) -> bool:
    """Whether a link can have one port alone."""
    profile = port.virtualport
    return network.mode == "passthrough" or (
        network.mode == "private" and profile is not None and profile.type == "802.1Qbh"
    )


def _own_function(view: View) -> Plug:
    forward = view.definition.forward
    assert forward is not None
    used = [one.plug.address for one in view.ports if one.plug is not None]
    free = next((address for address in address_pool(forward) if address not in used), None)
    if free is None:
        raise _none_left(view.definition)
    return Plug(type="hostdev-pci", managed=bool(forward.managed), driver=forward.driver, address=free)


def _none_left(network: Network) -> VirtError:
    return internal(f"network '{network.name}' requires exclusive access to interfaces, but none are available")


def reclaimed(view: View, port: NetworkPort) -> NetworkPort:
    """A port that had its place before, and has it still.

    :raises VirtError: INTERNAL_ERROR if the network has no such place, or another port has it.
    """
    network, plug, forward = view.definition, port.plug, view.definition.forward
    assert plug is not None
    if plug.type in ("network", "bridge"):
        if network.bridge_name is None:
            raise internal("Unexpectedly got a network port without a network bridge")
        return port
    pool: list[Any] = []
    if forward is not None:
        pool = link_pool(forward) if plug.type == "direct" else address_pool(forward)
    place = plug.dev if plug.type == "direct" else plug.address
    if place not in pool:
        raise internal(f"network '{network.name}' doesn't have {_shown(plug)} in use by network port")
    taken = any(
        one.plug is not None and (one.plug.dev, one.plug.address) == (plug.dev, plug.address) for one in view.ports
    )
    if taken and (plug.type == "hostdev-pci" or _is_exclusive(network, port)):
        raise internal(f"network '{network.name}' claims {_shown(plug)} is already in use by a different port")
    return port


def _shown(plug: Plug) -> str:
    return f"dev='{plug.dev}'" if plug.type == "direct" else f"PCI device {plug.address}"


def check_floor(view: View, bandwidth: Bandwidth | None, mac: str, instead_of: NetworkPort | None = None) -> None:
    """Refuse a guarantee that the network cannot give (`networkCheckBandwidth`).

    :param instead_of: the port whose guarantee it takes the place of.
    :raises VirtError: OPERATION_UNSUPPORTED, OPERATION_INVALID.
    """
    floor = bandwidth.floor if bandwidth is not None else 0
    network = view.definition
    if not floor:
        return
    if network.mode not in VIRTUAL:
        told = f"Invalid use of 'floor' on interface with MAC address {mac} - 'floor' is only supported for interface"
        raise _no_floor(f"{told} type 'network' with forward type 'nat', 'route', 'open' or none")
    limits = network.bandwidth.inbound if network.bandwidth is not None else None
    if limits is None:
        told = f"Invalid use of 'floor' on interface with MAC address {mac} - network '{network.name}' has no inbound"
        raise _no_floor(f"{told} QoS set")
    others = (one for one in view.ports if instead_of is None or one.uuid != instead_of.uuid)
    total = floor + sum(one.bandwidth.floor for one in others if one.bandwidth is not None)
    word, most = ("peak", limits.peak) if limits.peak else ("average", limits.average or 0)
    if total > (most or 0):
        told = f"Cannot plug '{mac}' interface into '{network.bridge_name}' because new combined inbound floor={total}"
        raise invalid(f"{told} would overcommit {word}={most} on network '{network.name}'")


def _no_floor(detail: str) -> VirtError:
    return VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail, ErrorDomain.NETWORK)
