"""What it takes for a network to run on the host, and how it ends.

Guarantees: a start that fails undoes what it did, the last step first. Assumes: the caller holds a job on the network
and no lock.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from ipaddress import ip_network

from virtloom.driver.links.bandwidth import limit_guest
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.network.addresses import network_of
from virtloom.xmldef.network.network import Network
from virtloom_network.bridges import kernel, links
from virtloom_network.networks.base import NetworksBase
from virtloom_network.ports.devices import functions_of


class NetworkRunning(NetworksBase):
    """Networks on the host."""

    def _raise_up(self, network: Network) -> None:
        """Make a network run.

        :raises VirtError: whatever stands in its way; then nothing is left of it.
        """
        if network.is_virtual:
            self._raise_virtual(network)
        elif network.forward is not None and network.forward.pf is not None:
            _check_functions(network)

    def _tear_down(self, network: Network) -> None:
        """End all that runs of a network; what cannot be ended is logged, and the rest is ended all the same."""
        if not network.is_virtual:
            return
        name = network.bridge_name or ""
        steps: tuple[Callable[[], None], ...] = (
            partial(self._dnsmasq.stop, network),
            partial(links.delete_bridge, name),
            partial(self._drop_rules, network),
        )
        for step in steps:
            try:
                step()
            except (VirtError, OSError) as error:
                self.host.log.warning("while network %s was stopped: %s", network.name, error)

    def _drop_rules(self, network: Network) -> None:
        if network.mode != "open":
            self._firewall.remove(network)

    def _raise_virtual(self, network: Network) -> None:
        name = network.bridge_name
        if name is None:
            detail = f"network '{network.name}' has no bridge name defined"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NETWORK)
        _check_collision(network)
        with ExitStack() as undo:
            links.create_bridge(network)
            undo.callback(links.delete_bridge, name)
            kernel.set_ipv6(network)
            if network.mode != "open":
                self._firewall.put(network)
                undo.callback(self._firewall.remove, network)
            for ip in network.ips:
                links.add_address(name, ip)
            links.bring_up(name)
            if network.bandwidth is not None:
                limit_guest(name, network.bandwidth)  # all guests together are behind a bridge as one is behind a link
            self._add_routes(network, name)
            if network.mode != "none":
                kernel.enable_forwarding(network)
            undo.callback(self._dnsmasq.stop, network)
            self._dnsmasq.start(network)
            undo.pop_all()

    def _add_routes(self, network: Network, name: str) -> None:
        """Add the routes; one that cannot be is logged, as libvirt does, and holds up nothing."""
        for route in network.routes:
            try:
                links.add_route(name, route)
            except VirtError as error:
                self.host.log.warning("network %s: %s", network.name, error)


def _check_collision(network: Network) -> None:
    """Refuse a network whose addresses the host reaches elsewhere already (`networkCheckRouteCollision`).

    :raises VirtError: INTERNAL_ERROR.
    """
    known = {ip_network(f"{one.address}/{one.bits}"): one.link for one in links.ipv4_routes()}
    for ip in network.ips:
        where = ip_network(f"{network_of(ip.address, ip.bits)}/{ip.bits}") if ip.bits >= 0 else None
        if where is None:
            detail = f"bridge '{network.bridge_name}' has an invalid netmask or IP address"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NETWORK)
        if where in known:
            raise _taken(f"Network is already in use by interface {known[where]}")
    for route in network.routes:
        where = ip_network(f"{route.address}/{route.bits}")
        if where in known:
            raise _taken(f"Route address '{route.address}' conflicts with IP address for '{known[where]}'")


def _taken(detail: str) -> VirtError:
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NETWORK)


def _check_functions(network: Network) -> None:
    assert network.forward is not None
    assert network.forward.pf is not None
    if not functions_of(network.forward):
        dev = network.forward.pf.dev
        raise _taken(f"No usable Vf's present on SRIOV PF {dev}")
