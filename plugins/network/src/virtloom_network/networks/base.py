"""What all parts of the driver stand on: the networks, how one is found, and how its snapshot follows its state."""

from __future__ import annotations

from typing import Any

from virtloom.driver import DriverHost, EventFamily, NetworkDriver
from virtloom.driver.constants.network import NetworkEventID
from virtloom.driver.handles import NetworkHandle
from virtloom.driver.resources.collection import Noun, Resources
from virtloom.driver.resources.recovery import ResourceRecovery
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom_network.bridges.firewall import Firewall
from virtloom_network.bridges.names import BridgeNames
from virtloom_network.dnsmasq.daemon import Dnsmasq
from virtloom_network.networks.state import NetworkState, View
from virtloom_network.object_types import NETWORK

NETWORK_NOUN = Noun("network", "network", ErrorCode.NO_NETWORK, ErrorDomain.NETWORK)


class NetworksBase(ResourceRecovery[NetworkState], NetworkDriver):
    """The collection of networks and the means of all of them.

    :param host: what the daemon gives to the plugin.
    """

    def __init__(self, host: DriverHost) -> None:
        self.networks: Resources[NetworkState] = Resources(host.locks, NETWORK, NETWORK_NOUN)
        super().__init__(host, self.networks)
        self.events = self._source = host.events
        self._names = BridgeNames(host.locks)
        self._firewall = Firewall(host)
        self._dnsmasq = Dnsmasq(host)

    def _view(self, net: NetworkHandle) -> View:
        """A network as it was at its last change; takes no lock of the network's."""
        view: View = self.networks.need(net).published
        return view

    def _changed(self, state: NetworkState) -> None:
        """A network has the bridges of its definitions, and no others."""
        definitions = (one for one in (state.definition, state.later) if one is not None)
        self._names.hold(state.definition.name, frozenset(one.bridge_name for one in definitions if one.bridge_name))

    def _let_go(self, state: NetworkState) -> None:
        self._names.hold(state.definition.name, frozenset())

    def _emit(self, view: Any, event: int) -> None:
        """Tell of a step in a network's life; the view's or the state's handle says whose."""
        handle = NetworkHandle(view.definition.name, view.definition.uuid)
        self._source.emit(EventFamily.NETWORK, NetworkEventID.LIFECYCLE, handle, (event, 0))


def invalid(detail: str) -> VirtError:
    """The error for what a network in its state does not admit."""
    return VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.NETWORK)


def require_active(view: View) -> View:
    """Refuse what only a running network can do.

    :raises VirtError: OPERATION_INVALID.
    """
    if not view.active:
        raise invalid(f"network '{view.definition.name}' is not active")
    return view
