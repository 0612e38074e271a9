"""A network's configuration of dnsmasq(8) (`networkDnsmasqConfContents`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.network.addresses import network_of, shown
from virtloom.xmldef.network.dhcp import Lease
from virtloom.xmldef.network.dns import Dns, Srv
from virtloom.xmldef.network.ip import Ip
from virtloom.xmldef.network.network import Network
from virtloom.xmldef.network.ranges import range_size
from virtloom.xmldef.network.refusal import unsupported
from virtloom_network.dnsmasq.files import Files

HEAD = """# Made by virtloom at each start of the network; to change it: virsh net-edit
strict-order
except-interface=lo
bind-dynamic
"""


def is_needed(network: Network) -> bool:
    """Whether a network has anything for dnsmasq to do: names to answer, addresses to lease, or files to give."""
    serves = any(ip.dhcp is not None or ip.tftp is not None for ip in network.ips)
    return bool(network.ips) and (serves or _has_dns(network))


def configuration(network: Network, files: Files, *, user: str | None = None, script: Path | None = None) -> str:
    """The text of the configuration file.

    :param user: who dnsmasq becomes once it has started; its own choice if None.
    :param script: what it runs when a lease changes.
    :raises VirtError: CONFIG_UNSUPPORTED for what it cannot be told.
    """
    lines = [
        f"interface={network.bridge_name}",
        f"pid-file={_path(files.pid)}",
        f"dhcp-leasefile={_path(files.leases)}",
        *([] if user is None else [f"user={user}"]),
        *([] if script is None else [f"dhcp-script={_path(script)}"]),
        *_dns_lines(network, files),
        *_isolation(network),
        *_dhcp_lines(network, files),
        *network.dnsmasq,
    ]
    return HEAD + "".join(f"{_line(line)}\n" for line in lines)


def _line(text: str) -> str:
    if any(ord(letter) < 32 and letter != "\t" for letter in text):
        raise unsupported(f"dnsmasq cannot be told what has a line's end in it: {text!r}")
    return text


def _path(path: Path) -> str:
    """A path, quoted so that neither spaces nor a number sign end it."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


# Names.


def _has_dns(network: Network) -> bool:
    return network.dns is None or network.dns.enable is not False


def _dns_lines(network: Network, files: Files) -> Iterator[str]:
    dns = network.dns or Dns()
    has_dns = _has_dns(network)
    if not has_dns:
        yield "port=0"
    else:
        yield from _forwarders(dns)
    if network.domain is not None:
        if network.domain.local_only:
            yield f"local=/{network.domain.name}/"
        yield f"domain={network.domain.name}"
        yield "expand-hosts"
    if not has_dns:
        return
    yield from (f"local=/{reverse_domain(ip)}/" for ip in network.ips if ip.local_ptr)
    if dns.forward_plain_names is False:
        yield "domain-needed"
        yield "local=//"
    yield from (f"txt-record={txt.name},{txt.value}" for txt in dns.txts)
    yield from (_service(srv) for srv in dns.srvs)
    yield f"addn-hosts={_path(files.names)}"


def _forwarders(dns: Dns) -> Iterator[str]:
    for one in dns.forwarders:
        yield f"server={f'/{one.domain}/' if one.domain is not None else ''}{shown(one.addr) or '#'}"
    if any(one.addr is not None and one.domain is None for one in dns.forwarders):
        yield "no-resolv"  # whoever is named for everything is asked, not those that the host asks


def _service(srv: Srv) -> str:
    made = f"srv-host=_{srv.service}._{srv.protocol}" + (f".{srv.domain}" if srv.domain else "")
    if not srv.target or srv.target == ".":
        return made  # RFC 2782: decidedly not available
    numbers = [srv.port or 1, srv.priority or 0, srv.weight or 0]
    while numbers and numbers[-1] == (1 if len(numbers) == 1 else 0):
        numbers.pop()
    return ",".join([made, srv.target, *map(str, numbers)])


def reverse_domain(ip: Ip) -> str:
    """The domain in which an address's network has its names (`virSocketAddrPTRDomain`).

    :raises VirtError: CONFIG_UNSUPPORTED if its prefix does not end where a part of a name does.
    """
    step = 8 if ip.address.version == 4 else 4
    if not 0 < ip.bits < ip.address.max_prefixlen or ip.bits % step:
        told = f"PTR domain for IPv{ip.address.version} network with prefix {ip.bits} cannot be automatically created"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, told, ErrorDomain.NETWORK)
    parts = network_of(ip.address, ip.bits).reverse_pointer.split(".")
    return ".".join(parts[(ip.address.max_prefixlen - ip.bits) // step :])


def _isolation(network: Network) -> tuple[str, ...]:
    """An isolated network has no way out: no router, and no questions to the world, which could carry data."""
    return ("dhcp-option=3", "no-resolv", "ra-param=*,0,0") if network.mode == "none" else ()


# What is leased.


def _dhcp_lines(network: Network, files: Files) -> Iterator[str]:
    roots = [ip.tftp for ip in network.ips if ip.tftp is not None]
    if roots:
        yield "enable-tftp"
        yield from (f"tftp-root={root}" for root in roots)
    leasing = [ip for ip in network.ips if ip.dhcp is not None]
    for ip in sorted(leasing, key=lambda ip: ip.address.version):
        yield from _ranges(ip)
        yield from _booting(ip)
    count = sum(range_size(one.start, one.end) for ip in leasing for one in ip.ranges)
    if count:
        yield f"dhcp-lease-max={count}"
    if leasing:
        yield f"dhcp-hostsfile={_path(files.hosts)}"
    if network.mtu is not None:
        yield f"dhcp-option=option:mtu,{network.mtu}"
    yield from _advertisements(network.ips)


def _ranges(ip: Ip) -> Iterator[str]:
    six = ip.address.version == 6
    size = str(ip.bits) if six else str(network_of(type(ip.address)(2**32 - 1), ip.bits))
    for one in ip.ranges:
        lease = lease_time(one.lease)
        yield ",".join([f"dhcp-range={shown(one.start)}", f"{shown(one.end)}", size, *([lease] if lease else [])])
    if not ip.ranges:
        yield f"dhcp-range={shown(ip.address)},static" + (f",{ip.bits}" if six else "")


def _booting(ip: Ip) -> Iterator[str]:
    if ip.address.version == 6 or ip.dhcp is None:
        return
    yield "dhcp-no-override"
    yield "dhcp-authoritative"
    bootp = ip.dhcp.bootp
    if bootp is not None:
        yield f"dhcp-boot={bootp.file}" + (f",,{shown(bootp.server)}" if bootp.server is not None else "")


def lease_time(lease: Lease | None) -> str | None:
    """How long a lease lasts, as dnsmasq has it; None for its default."""
    if lease is None:
        return None
    return f"{lease.expiry}{(lease.unit or 'minutes')[0]}" if lease.expiry else "infinite"


def _advertisements(ips: Iterable[Ip]) -> Iterator[str]:
    six = [ip for ip in ips if ip.address.version == 6]
    if any(ip.dhcp is not None for ip in six):
        yield "enable-ra"
    else:
        yield from (f"dhcp-range={shown(ip.address)},ra-only" for ip in six)
