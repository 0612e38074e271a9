"""What is known of a network: under its lock, and as everybody sees it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from virtloom.driver.handles import NetworkHandle
from virtloom.xmldef.network.forward import Device
from virtloom.xmldef.network.network import Network
from virtloom.xmldef.network.port import NetworkPort


class View(NamedTuple):
    """A network as it was at its last change; immutable.

    :ivar definition: what it is now; :ivar later: what it is from its next start on; None if it does not run, or will
        be no more.
    """

    definition: Network
    later: Network | None
    active: bool
    persistent: bool
    autostart: bool
    ports: tuple[NetworkPort, ...]

    @property
    def handle(self) -> NetworkHandle:
        """How clients name it."""
        return NetworkHandle(self.definition.name, self.definition.uuid)

    @property
    def kept(self) -> Network:
        """What is on disk."""
        return self.later or self.definition

    def shown(self, *, inactive: bool) -> Network:
        """The definition as a client sees it: with the number of ports if it is the running one."""
        if inactive:
            return self.kept
        if not self.ports:
            return self.definition
        return _counted(self.definition, self.ports)


def _counted(network: Network, ports: tuple[NetworkPort, ...]) -> Network:
    used = Counter(port.plug.dev for port in ports if port.plug is not None)
    network = network.replace(connections=len(ports))
    if network.forward is None or not network.forward.interfaces:
        return network
    devices = tuple(Device(dev=one.dev, connections=used[one.dev] or None) for one in network.forward.interfaces)
    return network.replace(forward=network.forward.replace(interfaces=devices))


@dataclass
class NetworkState:
    """A network under its lock (libvirt: `virNetworkObj`); the fields are those of `View`."""

    definition: Network
    later: Network | None = None
    active: bool = False
    persistent: bool = False
    autostart: bool = False
    ports: dict[bytes, NetworkPort] = field(default_factory=dict)

    def view(self) -> View:
        """What is published."""
        ports = tuple(self.ports.values())
        return View(self.definition, self.later, self.active, self.persistent, self.autostart, ports)

    def started(self) -> None:
        """It runs; what it runs with is its own from now on (`virNetworkObjSetDefTransient`)."""
        self.active = True
        self.ports = {}
        if self.persistent and self.later is None:
            self.later = self.definition

    def stopped(self) -> None:
        """It does not run, and is again what is kept of it (`virNetworkObjUnsetDefTransient`)."""
        self.active = False
        self.ports = {}
        if self.later is not None:
            self.definition, self.later = self.later, None

    def defined(self, definition: Network) -> None:
        """It is kept, with that definition from its next start on (`virNetworkObjUpdateAssignDef`)."""
        if self.active:
            self.later = definition
        else:
            self.definition = definition
        self.persistent = True
