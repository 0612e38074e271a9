"""IP addresses as documents have them, and how many bits of one name its network (`virSocketAddrParse` and its kin)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.network.attributes import number
from virtloom.xmldef.values import Kind, Misfit

Address = IPv4Address | IPv6Address


class AddressKind(Kind):
    """A numeric address of either family."""

    def parse(self, text: str) -> Address:
        """See `Kind.parse`; the old forms of IPv4 (`10.1`) are read too, as getaddrinfo(3) does."""
        try:
            return ip_address(text)
        except ValueError:
            return _old_form(text)

    def format(self, value: Address) -> str:
        """See `Kind.format`; an IPv4 address within IPv6 keeps its dots, as getnameinfo(3) has it."""
        mapped = value.ipv4_mapped if isinstance(value, IPv6Address) else None
        return str(value) if mapped is None else f"::ffff:{mapped}"


def _old_form(text: str) -> IPv4Address:
    """One to four numbers, of which the last one fills the rest (inet_aton(3))."""
    parts = [number(part) if part[:1].isdigit() else None for part in text.split(".")]
    *bytes_, last = parts
    room = 8 * (4 - len(bytes_))
    if room <= 0 or last is None or last >> room or any(part is None or part > 255 for part in bytes_):
        raise Misfit
    return IPv4Address(sum((part or 0) << (24 - 8 * n) for n, part in enumerate(bytes_)) + last)


numeric = AddressKind()


def parsed(text: str) -> Address | None:
    """The address that a text is; None if it is none."""
    try:
        return numeric.parse(text)
    except Misfit:
        return None


def required(text: str) -> Address:
    """The address that a text is.

    :raises VirtError: SYSTEM_ERROR in the words of getaddrinfo(3).
    """
    found = parsed(text)
    if found is None:
        detail = f"Cannot parse socket address '{text}': Name or service not known"
        raise VirtError(ErrorCode.SYSTEM_ERROR, detail, ErrorDomain.NONE)
    return found


def shown(value: Address | None) -> str | None:
    """An address as it is written, None for none."""
    return None if value is None else numeric.format(value)


def prefix_length(value: Address, netmask: Address | None, prefix: int) -> int:
    """How many bits of an address name its network (`virSocketAddrGetIPPrefix`).

    :param prefix: as given; 0 for none, when the netmask decides, or the address's class.
    :return: -1 if the netmask is none, or the address has no class.
    """
    if prefix > 0:
        return prefix
    if netmask is not None:
        return _bits(netmask)
    if int(value) == 0:
        return 0
    if value.version == 6:
        return 64
    octet = value.packed[0]
    return 8 if octet < 0x80 else 16 if octet < 0xC0 else 24 if octet < 0xE0 else -1


def _bits(netmask: Address) -> int:
    bits = f"{int(netmask):0{netmask.max_prefixlen}b}"
    return bits.count("1") if "01" not in bits else -1


def network_of(value: Address, prefix: int) -> Address:
    """The address with all bits behind its prefix cleared."""
    return type(value)(int(value) & _mask(value, prefix))


def broadcast_of(value: Address, prefix: int) -> Address:
    """The address with all bits behind its prefix set."""
    return type(value)(int(value) | (~_mask(value, prefix) & ((1 << value.max_prefixlen) - 1)))


def _mask(value: Address, prefix: int) -> int:
    size = value.max_prefixlen
    return ((1 << size) - 1) ^ ((1 << (size - prefix)) - 1)
