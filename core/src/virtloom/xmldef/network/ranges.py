"""Ranges of addresses: what makes one that can be served (`virSocketAddrGetRange`)."""

from __future__ import annotations

from virtloom.errors import ErrorDomain, VirtError
from virtloom.xmldef.network.addresses import Address, broadcast_of, network_of, shown
from virtloom.xmldef.network.refusal import internal


def range_size(start: Address, end: Address, network: Address | None = None, prefix: int = 0) -> int:
    """How many addresses a range has.

    :param network: an address of the network that it must lie in; None if any will do.
    :param prefix: how many bits name that network.
    :raises VirtError: INTERNAL_ERROR, in libvirt's words.
    """
    told = f"range {shown(start)} - {shown(end)}"
    if start.version != end.version:
        raise _refused(f"mismatch of address family in {told}")
    if network is not None:
        _check_inside(start, end, network, prefix, told)
    if (int(start) >> 16) != (int(end) >> 16):
        raise _refused(f"{told} is too large (> 65535)")
    if end < start:  # type: ignore[operator]
        raise _refused(f"{told} is reversed ")
    return int(end) - int(start) + 1


def _check_inside(start: Address, end: Address, network: Address, prefix: int, told: str) -> None:
    where = shown(network)
    if start.version != network.version:
        raise _refused(f"mismatch of address family in {told} for network {where}")
    if not 0 <= prefix <= network.max_prefixlen:
        raise _refused(f"bad prefix {prefix} for network {where} when  checking {told}")
    base = network_of(network, prefix)
    if network_of(start, prefix) != base or network_of(end, prefix) != base:
        raise _refused(f"{told} is not entirely within network {where}/{prefix}")
    if network.version == 4 and start == base:
        raise _refused(f"start of {told} in network {where}/{prefix} is the network address")
    if network.version == 4 and end == broadcast_of(network, prefix):
        raise _refused(f"end of {told} in network {where}/{prefix} is the broadcast address")


def _refused(detail: str) -> VirtError:
    return internal(detail, ErrorDomain.NONE)
