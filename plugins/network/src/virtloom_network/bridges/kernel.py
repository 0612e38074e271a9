"""The kernel's settings that a network needs (sysctl(8)): forwarding, and what a bridge does with IPv6."""

from __future__ import annotations

from pathlib import Path

from virtloom.errors import ErrorDomain, system_error
from virtloom.xmldef.network.network import Network

ROOT = Path("/proc/sys/net")


def enable_forwarding(network: Network) -> None:
    """Let the host forward packets of the families that a network has; what is on already is left alone.

    :raises VirtError: SYSTEM_ERROR.
    """
    versions = {ip.address.version for ip in network.ips}
    paths = {4: ROOT / "ipv4/ip_forward", 6: ROOT / "ipv6/conf/all/forwarding"}
    for version in sorted(versions):
        try:
            if paths[version].read_text().strip() != "1":
                paths[version].write_text("1\n")
        except OSError as error:
            raise system_error(error, "failed to enable IP forwarding", ErrorDomain.NETWORK) from error


def set_ipv6(network: Network) -> None:
    """Keep a bridge from IPv6 unless it has such an address, and from taking a guest's word for a router's.

    :raises VirtError: SYSTEM_ERROR.
    """
    bridge = network.bridge_name or ""
    has_ipv6 = any(ip.address.version == 6 for ip in network.ips)
    folder = ROOT / "ipv6/conf" / bridge
    if not (folder / "disable_ipv6").exists():
        return  # a kernel without IPv6
    for field, value in (("disable_ipv6", "0" if has_ipv6 else "1"), ("accept_ra", "0"), ("autoconf", "0")):
        try:
            (folder / field).write_text(value)
        except OSError as error:
            raise system_error(error, f"cannot write to '{folder / field}' on bridge '{bridge}'") from error
