"""The IP addresses of a guest's interfaces, as the host knows them: leases of its networks, and its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from virtloom.driver.constants.domain import DomainInterfaceAddressesSource as Source
from virtloom.driver.domains.base import Domains, S
from virtloom.driver.handles import DomainHandle
from virtloom.driver.kinds import DriverKind
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Interface

NEIGHBOURS = Path("/proc/net/arp")  # proc(5)


class Lease(NamedTuple):
    """What a network gave to one of its guests, in the order of the wire's struct."""

    interface: str
    expiry: int
    type: int
    mac: str | None
    iaid: str | None
    address: str
    prefix: int
    hostname: str | None
    client: str | None


Addresses = list[tuple[str, str, list[tuple[int, str, int]]]]


class DomainAddresses(Domains[S]):
    """The call that tells addresses, for guests whose own agent is not asked."""

    def domain_interface_addresses(self, dom: DomainHandle, source: int, flags: int) -> Addresses:
        """`virDomainInterfaceAddresses`: each interface's name on the host, its MAC address, and its addresses."""
        self._check_flags(flags, 0, "DomainInterfaceAddresses")
        with self._reading(dom) as state:
            state.require_active()
            definition = state.definition
        if source == Source.LEASE:
            return self._leased(definition)
        if source == Source.ARP:
            return self._seen(definition)
        raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, f"Unknown IP address data source {source}")

    def _leased(self, definition: Domain) -> Addresses:
        found = []
        for one in definition.parts.interfaces:
            leases = list(self._leases_of(one))
            if leases:
                told = [(lease.type, lease.address, lease.prefix) for lease in leases]
                found.append((_name(one), _mac(one), told))
        return found

    def _seen(self, definition: Domain) -> Addresses:
        known = neighbours()
        return [
            (_name(one), _mac(one), [(0, address, 0)])
            for one in definition.parts.interfaces
            for address in known.get(_mac(one), ())
        ]

    def _leases_of(self, one: Interface) -> Iterator[Lease]:
        """The leases of one interface on a network; with no lock held."""
        driver: Any = self.host.driver(DriverKind.NETWORK)
        name = one.source.get("network") if one.source is not None else None
        if one.type == "network" and name is not None and driver is not None:
            network = driver.network_lookup_by_name(name)
            yield from (Lease(*lease) for lease in driver.network_get_dhcp_leases(network, _mac(one), 0))


def neighbours(table: Path = NEIGHBOURS) -> dict[str, list[str]]:
    """The addresses that the host has seen each MAC address use."""
    found: dict[str, list[str]] = {}
    for line in table.read_text().splitlines()[1:]:
        address, _, _, mac, *_ = line.split()
        found.setdefault(mac.lower(), []).append(address)
    return found


def _name(one: Interface) -> str:
    return (one.target.dev if one.target is not None else None) or ""


def _mac(one: Interface) -> str:
    return (one.mac.address if one.mac is not None else None) or ""
