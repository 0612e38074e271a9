"""The files that dnsmasq(8) reads again when told to: which guest gets which address, and which names there are."""

from __future__ import annotations

from virtloom.xmldef.network.addresses import shown
from virtloom.xmldef.network.dhcp import Host
from virtloom.xmldef.network.dns import Dns
from virtloom.xmldef.network.network import Network
from virtloom_network.dnsmasq.config import lease_time


def dhcp_hosts(network: Network) -> str:
    """The fixed hosts of a network, one a line (dnsmasq's `dhcp-hostsfile`)."""
    lines = (_host(host, ip.address.version) for ip in network.ips for host in ip.hosts if host.ip is not None)
    return "".join(f"{line}\n" for line in lines)


def _host(host: Host, version: int) -> str:
    if version == 6:
        who = [*([f"id:{host.id}"] if host.id else []), *([host.name] if host.name else []), f"[{shown(host.ip)}]"]
    else:
        name = [host.name] if host.name else []
        who = [host.mac, f"{shown(host.ip)}", *name] if host.mac else [*name, f"{shown(host.ip)}"]
    lease = lease_time(host.lease)
    return ",".join([*who, *([lease] if lease else [])])


def names(network: Network) -> str:
    """The names of addresses, as hosts(5) has them (dnsmasq's `addn-hosts`)."""
    lines = ("\t".join([f"{shown(host.ip)}", *host.names]) for host in (network.dns or Dns()).hosts)
    return "".join(f"{line}\n" for line in lines)
