"""Which guest has which address."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from virtloom.driver.flags import check_flags
from virtloom.driver.handles import NetworkHandle
from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom.xmldef import values
from virtloom.xmldef.network.network import Network
from virtloom.xmldef.values import Misfit
from virtloom_network.dnsmasq.leases import Lease, parse_leases, same_mac
from virtloom_network.networks.base import NetworksBase

SIZE_MAX = 32 << 20  # bytes of a file of leases


class NetworkLeases(NetworksBase):
    """Leases of networks."""

    def network_get_dhcp_leases(self, net: NetworkHandle, mac: str | None, flags: int) -> list[tuple[Any, ...]]:
        """`virNetworkGetDHCPLeases`: those that have not ended."""
        check_flags(flags, 0, "networkGetDHCPLeases")
        if mac is not None:
            _check_mac(mac)
        definition = self._view(net).definition
        files = self._dnsmasq.files(definition)
        leases = parse_leases(_text(files.leases), _text(files.macs))
        now = time.time()
        current = (lease for lease in leases if lease.expiry == 0 or lease.expiry >= now)
        return [_on_wire(lease, definition) for lease in current if mac is None or same_mac(lease.mac, mac)]


def _check_mac(text: str) -> None:
    try:
        values.mac.parse(text)
    except Misfit:
        raise VirtError(ErrorCode.INVALID_MAC, text) from None


def _text(path: Path) -> str:
    """A file's text; "" if there is none, as for a network that has no dnsmasq."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(SIZE_MAX)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise system_error(error, f"Unable to read leases file: {path}") from error


def _on_wire(lease: Lease, network: Network) -> tuple[Any, ...]:
    version = 6 if ":" in lease.ip else 4
    of = next((ip for ip in network.ips if ip.address.version == version), None)
    bits = 0 if of is None else of.bits
    bridge = network.bridge_name or ""
    return (bridge, lease.expiry, lease.type, lease.mac, lease.iaid, lease.ip, bits, lease.hostname, lease.clientid)
