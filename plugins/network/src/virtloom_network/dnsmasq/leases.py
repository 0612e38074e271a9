"""What dnsmasq(8) leased, from its own file (`read_leases` in its lease.c has the form)."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from virtloom.xmldef import values
from virtloom.xmldef.values import Misfit

IPV4, IPV6 = 0, 1  # virIPAddrType


class Lease(NamedTuple):
    """One address that was given.

    :ivar expiry: when it ends, in seconds since 1970; 0 for never.
    :ivar iaid: of IPv6: which of the client's interfaces asked.
    """

    expiry: int
    mac: str | None
    ip: str
    hostname: str | None
    clientid: str | None
    iaid: str | None = None

    @property
    def type(self) -> int:
        """`virIPAddrType`"""
        return IPV6 if ":" in self.ip else IPV4


def parse_leases(text: str, macs: str = "") -> list[Lease]:
    """The leases of a file; lines that are none are passed over.

    :param macs: whose each IPv6 address is, a line for each, the last one counting.
    """
    known = dict(line.split(" ", 1) for line in macs.splitlines() if " " in line)
    found = (_lease(line.split(" "), known) for line in text.splitlines())
    return [lease for lease in found if lease is not None]


def _lease(words: list[str], macs: dict[str, str]) -> Lease | None:
    if len(words) != 5 or not words[0].isdecimal():
        return None
    expiry, who, ip, hostname, clientid = words
    try:
        six = ipaddress.ip_address(ip).version == 6
    except ValueError:
        return None
    if six:
        mac = macs.get(ip)
        return Lease(int(expiry), mac, ip, _given(hostname), _given(clientid), who.removeprefix("T"))
    return Lease(int(expiry), who, ip, _given(hostname), _given(clientid))


def _given(word: str) -> str | None:
    return None if word == "*" else word


def same_mac(one: str | None, other: str) -> bool:
    """Whether two texts are one MAC address."""
    try:
        return one is not None and bool(values.mac.parse(one) == values.mac.parse(other))
    except Misfit:
        return False
