"""The changes of each section of a network: what makes two pieces the same, and where a new one goes.

Each takes the network, the piece, the command and the index, and returns the network as it then is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import values
from virtloom.xmldef.document import Node
from virtloom.xmldef.network import dhcp, dns
from virtloom.xmldef.network.addresses import shown
from virtloom.xmldef.network.dhcp import Host
from virtloom.xmldef.network.dns import Dns, Srv
from virtloom.xmldef.network.forward import Device, Forward
from virtloom.xmldef.network.ip import Ip
from virtloom.xmldef.network.network import Network
from virtloom.xmldef.network.portgroup import read_portgroup
from virtloom.xmldef.network.refusal import bad, invalid

MODIFY, DELETE, ADD_LAST, ADD_FIRST = 1, 2, 3, 4
T = TypeVar("T")


def _is_add(command: int) -> bool:
    return command in (ADD_LAST, ADD_FIRST)


def _added(old: tuple[T, ...], new: T, command: int) -> tuple[T, ...]:
    return (new, *old) if command == ADD_FIRST else (*old, new)


def _without(old: tuple[T, ...], place: int) -> tuple[T, ...]:
    return old[:place] + old[place + 1 :]


def _check_command(command: int) -> None:
    if command not in (MODIFY, DELETE, ADD_LAST, ADD_FIRST):
        detail = f"unrecognized network update command code {command}"
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail, ErrorDomain.NETWORK)


# What is leased.


def _chosen_ip(network: Network, index: int) -> int:
    """Which address a change of what is leased is about (`virNetworkIPDefByIndex`)."""
    told = "couldn't update dhcp host entry - no <ip> element found"
    if index >= 0:
        if index >= len(network.ips):
            raise invalid(f"{told} at index {index} in network '{network.name}'")
        return index
    ips = list(enumerate(network.ips))
    for fits in (lambda ip: ip.dhcp is not None, lambda ip: ip.address.version == 4, lambda ip: True):
        for place, ip in ips:
            if fits(ip):
                return place
    raise invalid(f"{told} in network '{network.name}'")


def _with_ip(network: Network, place: int, ip: Ip) -> Network:
    return network.replace(ips=(*network.ips[:place], ip, *network.ips[place + 1 :]))


def _check_single_dhcp(network: Network, place: int) -> None:
    version = network.ips[place].address.version
    others = (ip for number, ip in enumerate(network.ips) if number != place and ip.address.version == version)
    if any(ip.dhcp is not None for ip in others):
        raise invalid(f"dhcp is supported only for a single IPv{version} address on each network")


def dhcp_host(network: Network, node: Node, command: int, index: int) -> Network:
    """A fixed host (`virNetworkDefUpdateIPDHCPHost`)."""
    place = _chosen_ip(network, index)
    ip = network.ips[place]
    host = dhcp.read_host(node, network.name, ip.address, partial=command == DELETE)
    if command != DELETE and (host.ip is None or host.ip.version != ip.address.version):
        told = "the address family of a host entry IP must match the address family of the dhcp element's parent"
        raise invalid(told)
    _check_command(command)
    change = {MODIFY: _host_modified, DELETE: _host_deleted}.get(command, _host_added)
    if _is_add(command):
        _check_single_dhcp(network, place)
    return _with_ip(network, place, ip.leasing(hosts=change(ip.hosts, host, command, network.name)))


def _host_modified(old: tuple[Host, ...], host: Host, command: int, network: str) -> tuple[Host, ...]:
    found = next((n for n, one in enumerate(old) if _any_same(one, host)), None)
    if found is None:
        mac, name, ip = host.mac or "unknown", host.name or "(null)", shown(host.ip) or "unknown"
        told = f"couldn't locate an existing dhcp host entry with \"mac='{mac}'\" \"name='{name}'\" \"ip='{ip}'\""
        raise invalid(f"{told} in network '{network}'")
    return (*old[:found], host, *old[found + 1 :])


def _host_added(old: tuple[Host, ...], host: Host, command: int, network: str) -> tuple[Host, ...]:
    if any(_any_same(one, host) for one in old):
        mac, name, ip = host.mac or "unknown", host.name or "(null)", shown(host.ip) or "unknown"
        told = f"there is an existing dhcp host entry in network '{network}' that matches"
        raise invalid(f"{told} \"<host mac='{mac}' name='{name}' ip='{ip}'/>\"")
    return _added(old, host, command)


def _host_deleted(old: tuple[Host, ...], host: Host, command: int, network: str) -> tuple[Host, ...]:
    found = next((n for n, one in enumerate(old) if _all_same(one, host)), None)
    if found is None:
        raise invalid(f"couldn't locate a matching dhcp host entry in network '{network}'")
    return _without(old, found)


def _same_mac(one: str, other: str) -> bool:
    return bool(values.mac.parse(one) == values.mac.parse(other))


def _any_same(one: Host, other: Host) -> bool:
    """Whether two hosts would be in each other's way."""
    return (
        (one.mac is not None and other.mac is not None and _same_mac(one.mac, other.mac))
        or (other.name is not None and one.name == other.name)
        or (other.ip is not None and one.ip == other.ip)
    )


def _all_same(one: Host, wanted: Host) -> bool:
    """Whether a host is what a partial one names."""
    return (
        (wanted.mac is None or one.mac is None or _same_mac(one.mac, wanted.mac))
        and (wanted.name is None or one.name == wanted.name)
        and (wanted.ip is None or one.ip == wanted.ip)
    )


def dhcp_range(network: Network, node: Node, command: int, index: int) -> Network:
    """A range of addresses (`virNetworkDefUpdateIPDHCPRange`)."""
    place = _chosen_ip(network, index)
    ip = network.ips[place]
    new = dhcp.read_range(node, network.name, ip.address, ip.bits)
    found = next((n for n, one in enumerate(ip.ranges) if (one.start, one.end) == (new.start, new.end)), None)
    _check_command(command)
    if command == DELETE:
        if found is None:
            raise invalid(f"couldn't locate a matching dhcp range entry in network '{network.name}'")
        return _with_ip(network, place, ip.leasing(ranges=_without(ip.ranges, found)))
    _check_single_dhcp(network, place)
    if found is not None:
        told = f"there is an existing dhcp range entry in network '{network.name}' that matches"
        raise invalid(f"{told} \"<range start='{shown(new.start)}' end='{shown(new.end)}'/>\"")
    return _with_ip(network, place, ip.leasing(ranges=_added(ip.ranges, new, command)))


# Where traffic goes.


def forward_interface(network: Network, node: Node, command: int, index: int) -> Network:
    """An interface of the host (`virNetworkDefUpdateForwardInterface`)."""
    dev = node.get("dev")
    if dev is None:
        raise bad("missing dev attribute in <interface> element")
    forward = network.forward or Forward(mode="none")
    old = forward.interfaces
    found = next((n for n, one in enumerate(old) if one.dev == dev), None)
    _check_command(command)
    if command == DELETE:
        if found is None:
            raise invalid(
                f"couldn't find an interface entry in network '{network.name}' matching <interface dev='{dev}'>"
            )
        _check_unused(old[found], network.name)
        new = _without(old, found)
    elif found is not None:
        told = f"there is an existing interface entry in network '{network.name}' that matches"
        raise invalid(f"{told} \"<interface dev='{dev}'>\"")
    else:
        new = _added(old, Device(dev=dev), command)
    if network.forward is None:
        return network  # libvirt keeps an isolated network's interfaces in memory alone, and never shows them
    return network.replace(forward=forward.replace(interfaces=new))


def _check_unused(device: Device, network: str) -> None:
    if device.connections:
        told = f"unable to delete interface '{device.dev}' in network '{network}'. It is currently being used  by"
        raise invalid(f"{told} {device.connections} domains.")


def portgroup(network: Network, node: Node, command: int, index: int) -> Network:
    """A group of ports (`virNetworkDefUpdatePortGroup`)."""
    new = read_portgroup(node)
    old = network.portgroups
    found = next((n for n, one in enumerate(old) if one.name == new.name), None)
    if found is None and command in (MODIFY, DELETE):
        told = f"couldn't find a portgroup entry in network '{network.name}' matching <portgroup name='{new.name}'>"
        raise invalid(told)
    if found is not None and _is_add(command):
        told = f"there is an existing portgroup entry in network '{network.name}' that matches"
        raise invalid(f"{told} \"<portgroup name='{new.name}'>\"")
    if command != DELETE and new.default and any(one.default and one.name != new.name for one in old):
        told = f"a different portgroup entry in network '{network.name}' is already set as the default."
        raise invalid(f"{told} Only one default is allowed.")
    _check_command(command)
    if found is None:
        return network.replace(portgroups=_added(old, new, command))
    put = () if command == DELETE else (new,)
    return network.replace(portgroups=(*old[:found], *put, *old[found + 1 :]))


# Names.


def _with_dns(network: Network, **parts: Any) -> Network:
    made = (network.dns or Dns()).replace(**parts)
    return network.replace(dns=made if made != Dns() else None)


def dns_host(network: Network, node: Node, command: int, index: int) -> Network:
    """The names of an address (`virNetworkDefUpdateDNSHost`)."""
    host = dns.read_host(node, network.name, partial=not _is_add(command))
    old = network.dns.hosts if network.dns is not None else ()

    def same(one: dns.DnsHost) -> bool:
        named = not _is_add(command) and bool(set(one.names) & set(host.names))
        return named or (host.ip is not None and one.ip == host.ip)

    return _record(network, "hosts", old, host, same, command, _HOST_WORDS)


def dns_txt(network: Network, node: Node, command: int, index: int) -> Network:
    """A text record (`virNetworkDefUpdateDNSTxt`)."""
    txt = dns.read_txt(node, network.name, partial=not _is_add(command))
    old = network.dns.txts if network.dns is not None else ()
    words = _Words(
        f"there is already a DNS TXT record with name '{txt.name}'", "couldn't locate a matching DNS TXT record", ""
    )
    return _record(network, "txts", old, txt, lambda one: one.name == txt.name, command, words)


def dns_srv(network: Network, node: Node, command: int, index: int) -> Network:
    """A service record (`virNetworkDefUpdateDNSSrv`)."""
    srv = dns.read_srv(node, network.name, partial=not _is_add(command))
    old = network.dns.srvs if network.dns is not None else ()

    def same(one: Srv) -> bool:
        given = [(name, value) for name in ("domain", "service", "protocol", "target") if (value := getattr(srv, name))]
        return all(getattr(one, name) == value for name, value in given)

    return _record(network, "srvs", old, srv, same, command, _SRV_WORDS)


class _Words(NamedTuple):
    """What is told if there is one already, if there is none, and if there are several."""

    one: str
    none: str
    several: str


_HOST_WORDS = _Words(
    "there is already at least one DNS HOST record with a matching field",
    "couldn't locate a matching DNS HOST record",
    "multiple matching DNS HOST records were found",
)
_SRV_WORDS = _Words(
    "there is already at least one DNS SRV record matching all specified fields",
    "couldn't locate a matching DNS SRV record",
    "multiple DNS SRV records matching all specified fields were found",
)


def _record(
    network: Network,
    part: str,
    old: tuple[T, ...],
    new: T,
    same: Callable[[T], bool],
    command: int,
    words: _Words,
) -> Network:
    """A record added or removed."""
    found = [place for place, one in enumerate(old) if same(one)]
    _check_command(command)
    if _is_add(command):
        if found:
            raise invalid(f"{words.one} in network {network.name}")
        return _with_dns(network, **{part: _added(old, new, command)})
    if not found:
        raise invalid(f"{words.none} in network {network.name}")
    if len(found) > 1 and words.several:
        raise invalid(f"{words.several} in network {network.name}")
    return _with_dns(network, **{part: _without(old, found[0])})


class Section(NamedTuple):
    """A section that can be changed.

    :ivar tag: the name of its elements.
    :ivar make: makes the change.
    :ivar frozen: why its elements cannot be modified; None if they can.
    :ivar frozen_first: whether that is told before another element than the expected one is.
    """

    tag: str
    make: Callable[[Network, Node, int, int], Network]
    frozen: str | None = None
    frozen_first: bool = True


def _frozen(what: str) -> str:
    return f"{what} cannot be modified, only added or deleted"


# By the number that `virNetworkUpdateSection` gives each.
SECTIONS: dict[int, Section] = {
    4: Section("host", dhcp_host),
    5: Section("range", dhcp_range, _frozen("dhcp ranges"), False),
    7: Section("interface", forward_interface, _frozen("forward interface entries"), False),
    9: Section("portgroup", portgroup),
    10: Section("host", dns_host, _frozen("DNS HOST records")),
    11: Section("txt", dns_txt, _frozen("DNS TXT records")),
    12: Section("srv", dns_srv, _frozen("DNS SRV records")),
}
