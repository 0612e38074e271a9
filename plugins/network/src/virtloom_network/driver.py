"""The driver, put together from its parts."""

from __future__ import annotations

from virtloom_network.networks.leases import NetworkLeases
from virtloom_network.networks.lookup import NetworkLookup
from virtloom_network.networks.recovery import NetworkRecovery
from virtloom_network.networks.updating import NetworkUpdating
from virtloom_network.ports.calls import PortCalls
from virtloom_network.ports.guests import PortsForGuests


class HostNetworks(NetworkLookup, NetworkLeases, NetworkUpdating, PortCalls, PortsForGuests, NetworkRecovery):
    """The host's virtual networks (libvirt: `networkDriver`)."""
