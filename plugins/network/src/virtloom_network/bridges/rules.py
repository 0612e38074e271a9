"""A network's firewall, as a table of nft(8): what may leave its bridge, what may enter, and whose address it gets.

Each network has a table of its own, so that it comes and goes whole, and nobody else's rules are touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from virtloom.xmldef.network.addresses import network_of
from virtloom.xmldef.network.ip import Ip
from virtloom.xmldef.network.nat import Nat
from virtloom.xmldef.network.network import Network

_FAMILIES = {4: "ip", 6: "ip6"}
# What is never translated: to these addresses nothing leaves the bridge.
_LOCAL = {4: ("224.0.0.0/24", "255.255.255.255/32"), 6: ("ff02::/16",)}
_PLAIN = re.compile(r"[A-Za-z0-9_]{1,15}", re.ASCII)


def table_of(network: Network) -> str:
    """The name of a network's table: its bridge's, so that people find it; its uuid where nft could not read that."""
    bridge = network.bridge_name or ""
    return f"virtloom_{bridge}" if _PLAIN.fullmatch(bridge) else f"virtloom_{network.uuid.hex()}"


def ruleset(network: Network) -> str:
    """The commands that make a network's table, in the place of one of that name."""
    table = table_of(network)
    chains = [_chain("forward", "type filter hook forward priority filter; policy accept;", _forward(network))]
    translated = [ip for ip in network.ips if is_translated(network, ip)]
    if translated:
        rules = (rule for ip in translated for rule in _translation(network, ip))
        chains.append(_chain("postrouting", "type nat hook postrouting priority srcnat; policy accept;", rules))
    body = "\n".join(chains)
    return f"table inet {table}\ndelete table inet {table}\ntable inet {table} {{\n{body}\n}}\n"


def removal(network: Network) -> str:
    """The commands that remove a network's table; it is no error if there is none."""
    table = table_of(network)
    return f"table inet {table}\ndelete table inet {table}\n"


def is_translated(network: Network, ip: Ip) -> bool:
    """Whether what leaves from beside an address gets another one."""
    nat = network.forward.nat if network.forward is not None else None
    return network.mode == "nat" and (ip.address.version == 4 or (nat is not None and nat.ipv6 is True))


def _chain(name: str, head: str, rules: Iterator[str]) -> str:
    lines = "\n".join(f"    {rule}" for rule in rules)
    return f"  chain {name} {{\n    {head}\n{lines}\n  }}"


def _forward(network: Network) -> Iterator[str]:
    bridge = _quoted(network.bridge_name or "")
    yield f"iifname {bridge} oifname {bridge} accept"
    if network.mode in ("nat", "route"):
        for ip in network.ips:
            yield from _crossing(network, ip, bridge)
    yield f"iifname {bridge} reject"
    yield f"oifname {bridge} reject"


def _crossing(network: Network, ip: Ip, bridge: str) -> Iterator[str]:
    """What of one of the network's addresses may leave and enter."""
    family, where = _FAMILIES[ip.address.version], f"{network_of(ip.address, ip.bits)}/{ip.bits}"
    device = network.forward.dev if network.forward is not None else None
    out, into = ("", "") if device is None else (f" oifname {_quoted(device)}", f" iifname {_quoted(device)}")
    answers = " ct state established,related" if is_translated(network, ip) else ""
    yield f"{family} saddr {where} iifname {bridge}{out} accept"
    yield f"{family} daddr {where} oifname {bridge}{into}{answers} accept"


def _translation(network: Network, ip: Ip) -> Iterator[str]:
    assert network.forward is not None
    version = ip.address.version
    family, where = _FAMILIES[version], f"{network_of(ip.address, ip.bits)}/{ip.bits}"
    device = f" oifname {_quoted(network.forward.dev)}" if network.forward.dev is not None else ""
    for local in _LOCAL[version]:
        yield f"{family} saddr {where} {family} daddr {local} return"
    leaving = f"{family} saddr {where} {family} daddr != {where}{device}"
    nat = network.forward.nat or Nat()
    ports = f"{nat.ports.start}-{nat.ports.end}" if nat.ports is not None else "1024-65535"
    for protocol in ("tcp", "udp"):
        yield f"{leaving} meta l4proto {protocol} {_becomes(nat, version, ports)}"
    yield f"{leaving} {_becomes(nat, version, None)}"


def _becomes(nat: Nat, version: int, ports: str | None) -> str:
    """What a packet's source turns into: the given addresses, which are IPv4's, or the host's own."""
    if nat.addresses is None or version != 4:
        return "masquerade" if ports is None else f"masquerade to :{ports}"
    start, end = nat.addresses.start, nat.addresses.end
    addresses = f"{start}" if start == end else f"{start}-{end}"
    return f"snat ip to {addresses}" + ("" if ports is None else f":{ports}")


def _quoted(name: str) -> str:
    """A link's name as nft(8) reads it: a star at its end would stand for anything."""
    return '"' + name.replace("*", "\\*") + '"'
