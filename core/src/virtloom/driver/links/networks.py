"""Virtual networks, through whoever drives them on this host: each interface on one has a port there.

Assumes: no lock is held; the network's driver may sleep.
"""

from __future__ import annotations

from typing import Any

from virtloom.driver.handles import DomainHandle
from virtloom.driver.host import DriverHost
from virtloom.driver.kinds import DriverKind
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Interface
from virtloom.xmldef.network.bandwidth import read_bandwidth
from virtloom.xmldef.network.port import NetworkPort
from virtloom.xmldef.network.virtualport import read_virtualport
from virtloom.xmldef.network.vlan import read_vlan


class Networks:
    """The networks of this host.

    :param host: what the daemon gives to the plugin.
    """

    def __init__(self, host: DriverHost) -> None:
        self._host = host

    def require(self, name: str) -> None:
        """Refuse a network that is not there or does not run.

        :raises VirtError: NO_NETWORK, OPERATION_INVALID.
        """
        driver = self._driver(name)
        if not driver.network_is_active(driver.network_lookup_by_name(name)):
            detail = f"network '{name}' is not active"
            raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.NETWORK)

    def plug(self, domain: Domain, one: Interface, uuid: bytes) -> NetworkPort:
        """A port for an interface.

        :param uuid: the port's, which is written down before, so that a crash leaves none.
        :raises VirtError: what the network cannot give.
        """
        assert domain.uuid is not None
        source = one.source or Node("source")
        wanted = NetworkPort(
            uuid=uuid,
            group=source.get("portgroup"),
            bandwidth=read_bandwidth(one.bandwidth),
            vlan=read_vlan(one.vlan),
            virtualport=read_virtualport(one.virtualport),
            isolated=isolated(one),
            trust_guest=_yes(one.trust),
        )
        network, mac = source.get("network") or "", (one.mac.address if one.mac is not None else None) or ""
        owner = DomainHandle(domain.name, domain.uuid, -1)
        made: NetworkPort = self._driver(network).allocate_port(network, owner, mac, wanted=wanted)
        return made

    def release(self, network: str, port: bytes) -> None:
        """Give a port back; one that is gone is no error.

        :raises VirtError: what the network's driver cannot do.
        """
        self._driver(network).release_port(network, port)

    def _driver(self, name: str) -> Any:
        driver = self._host.driver(DriverKind.NETWORK)
        if driver is None:
            detail = f"no network with matching name '{name}'"
            hint = "no driver for networks is installed: pip install virtloom-network, or name a bridge instead"
            raise VirtError(ErrorCode.NO_NETWORK, detail, ErrorDomain.NETWORK, hint=hint)
        return driver


def isolated(one: Interface) -> bool | None:
    """Whether an interface reaches no other isolated one of its bridge; None if it does not say."""
    return _yes(one.port.get("isolated") if one.port is not None else None)


def _yes(text: str | None) -> bool | None:
    return None if text is None else text == "yes"
