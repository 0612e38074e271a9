"""Routes through a network's bridge (`virNetDevIPRouteParseXML`)."""

from __future__ import annotations

from virtloom.errors import VirtError
from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.addresses import Address, network_of, numeric, parsed, prefix_length
from virtloom.xmldef.network.attributes import read_as
from virtloom.xmldef.network.refusal import bad, internal


class Route(Definition, tag="route"):
    """A network that is reached by way of a guest."""

    family: str | None = attr()
    address: Address = attr(numeric)
    netmask: Address | None = attr(numeric)
    prefix: int | None = attr(values.uint)
    gateway: Address = attr(numeric)
    metric: int | None = attr(values.positive)

    @property
    def bits(self) -> int:
        """How many bits of the address name the network."""
        return prefix_length(self.address, self.netmask, self.prefix or 0)


def read_route(node: Node, network: str) -> Route:
    """A route.

    :param network: the network's name, for messages.
    :raises VirtError: XML_ERROR, in libvirt's words.
    """
    prefix = read_as(values.uint, node, "prefix")
    metric = read_as(values.positive, node, "metric")
    texts = {name: node.get(name) for name in ("address", "gateway", "netmask")}
    for name in ("address", "gateway"):
        if texts[name] is None:
            raise _bad(network, f"Missing required {name} attribute")
    found = _parsed(network, "network address", texts["address"])
    gateway = _parsed(network, "gateway address", texts["gateway"])
    made = Route(family=node.get("family"), address=found, prefix=prefix, gateway=gateway, metric=metric)
    if made.family in (None, "ipv4"):
        made = _checked_ipv4(made, texts, network)
    elif made.family == "ipv6":
        _check_ipv6(made, texts, network)
    else:
        raise _bad(network, f"Unrecognized family '{made.family}'")
    _check_is_network(made, texts, network)
    return made


def _bad(network: str, detail: str) -> VirtError:
    return bad(f"{network}: {detail} in route definition")


def _parsed(network: str, what: str, text: str | None) -> Address:
    found = parsed(text or "")
    if found is None:
        raise _bad(network, f"Bad {what} '{text}'")
    return found


def _checked_ipv4(route: Route, texts: dict[str, str | None], network: str) -> Route:
    told = "No" if route.family is None else "IPv4"
    for what, value in (("address", route.address), ("gateway", route.gateway)):
        if value.version != 4:
            raise _bad(network, f"{told} family specified for non-IPv4 {what} '{texts['address']}'")
    mask = texts["netmask"]
    if mask is not None:
        route = route.replace(netmask=_parsed(network, "netmask address", mask))
        if route.netmask is None or route.netmask.version != 4:
            raise bad(f"{network}: Invalid netmask '{mask}' for address '{texts['address']}' (both must be IPv4)")
        if route.prefix is not None:
            raise bad(f"{network}: Route definition cannot have both a prefix and a netmask")
    if (route.prefix or 0) > 32:
        raise bad(f"{network}: Invalid prefix {route.prefix} specified in route definition, must be 0 - 32")
    return route


def _check_ipv6(route: Route, texts: dict[str, str | None], network: str) -> None:
    if route.address.version != 6:
        raise _bad(network, f"ipv6 family specified for non-IPv6 address '{texts['address']}'")
    if texts["netmask"] is not None:
        raise _bad(network, f"Specifying netmask invalid for IPv6 address '{texts['address']}'")
    if route.gateway.version != 6:
        raise _bad(network, f"ipv6 specified for non-IPv6 gateway address '{texts['gateway']}'")
    if (route.prefix or 0) > 128:
        raise bad(f"{network}: Invalid prefix {route.prefix} specified in route definition, must be 0 - 128")


def _check_is_network(route: Route, texts: dict[str, str | None], network: str) -> None:
    if route.netmask is not None:
        base = type(route.address)(int(route.address) & int(route.netmask))
    else:
        if (route.prefix or 0) > route.address.max_prefixlen:
            told = f"Error converting address '{texts['address']}' with prefix {route.prefix} to network-address"
            raise internal(f"{network}: {told} in route definition")
        base = network_of(route.address, route.prefix or 0)
    if base != route.address:
        raise bad(f"{network}: Address '{texts['address']}' in route definition is not a network address")
