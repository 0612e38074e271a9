"""The end of an interface that a container sees: its name there, its addresses and routes."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface
from typing import Any, NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node

Address = IPv4Address | IPv6Address
METRIC = 1  # of a route that has none of its own (`virNetDevIPRouteGetMetric`)


class Inside(NamedTuple):
    """An interface that is moved into a container.

    :ivar device: its name on the host before that; :ivar name: its name inside.
    :ivar is_up: whether it is up inside; :ivar addresses: with their prefixes; :ivar gateways: of default routes.
    :ivar routes: the other routes, destination with prefix, gateway and metric.
    """

    device: str
    name: str
    is_up: bool = True
    addresses: tuple[tuple[str, int], ...] = ()
    gateways: tuple[str, ...] = ()
    routes: tuple[tuple[str, str, int], ...] = ()

    @classmethod
    def of(cls, device: str, name: str, link: Node | None, ips: tuple[Node, ...], routes: tuple[Node, ...]) -> Inside:
        """The interface that a definition's `<link>`, `<ip>` and `<route>` describe.

        :raises VirtError: XML_ERROR for what is no address.
        """
        gateways, others = [], []
        for route in routes:
            where, prefix = address(route, "address"), _prefix(route, 0)
            gateway = str(address(route, "gateway"))
            if int(where) == 0 and prefix == 0:
                gateways.append(gateway)
            else:
                metric = route.get("metric")
                others.append((f"{where}/{prefix}", gateway, int(metric) if metric else METRIC))
        given = tuple((str(found := address(ip, "address")), _prefix(ip, found.max_prefixlen)) for ip in ips)
        wanted = link.get("state") if link is not None else None
        is_up = wanted != "down" and (bool(ips) or wanted == "up")  # as libvirt: the others are init's to bring up
        return cls(device, name, is_up, given, tuple(gateways), tuple(others))

    def settings(self) -> Iterator[tuple[str, str]]:
        """What liblxc is told of it (lxc.container.conf(5), `lxc.net`)."""
        yield "type", "phys"
        yield "link", self.device
        yield "name", self.name
        if self.is_up:
            yield "flags", "up"
        for text, prefix in self.addresses:
            yield f"{_family(text)}.address", f"{text}/{prefix}{_broadcast(text, prefix)}"
        for text in self.gateways:
            yield f"{_family(text)}.gateway", text

    def rest(self) -> dict[str, Any] | None:
        """What `links.apply` has to do before init runs; None if liblxc does all."""
        return {"name": self.name, "routes": self.routes} if self.routes else None

    def whole(self) -> dict[str, Any]:
        """What `links.apply` has to do for an interface that is moved into a container which runs."""
        routes = (*((_everywhere(text), text, METRIC) for text in self.gateways), *self.routes)
        return {
            "device": self.device,
            "name": self.name,
            "up": self.is_up,
            "addresses": self.addresses,
            "routes": routes,
        }


def address(node: Node, attribute: str) -> Address:
    """An address that an attribute gives.

    :raises VirtError: XML_ERROR if it is none.
    """
    text = node.get(attribute)
    try:
        return ip_address(text or "")
    except ValueError:
        detail = f"Invalid address '{text}' in <{node.tag}>"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.LXC) from None


def _prefix(node: Node, default: int) -> int:
    text = node.get("prefix")
    return int(text) if text is not None and text.isdigit() else default


def _broadcast(text: str, prefix: int) -> str:
    """The broadcast address of a network of IPv4, which liblxc does not work out."""
    if ":" in text or prefix > 30:
        return ""
    return f" {ip_interface(f'{text}/{prefix}').network.broadcast_address}"


def _family(text: str) -> str:
    return "ipv6" if ":" in text else "ipv4"


def _everywhere(text: str) -> str:
    return "::/0" if ":" in text else "0.0.0.0/0"
