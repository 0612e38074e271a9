"""Bridges, their addresses and routes, made and removed through netlink (pyroute2).

Guarantees: removing what is gone is no error. Assumes: no lock is held: the kernel may take its time.
"""

from __future__ import annotations

import socket
from typing import NamedTuple

from virtloom.driver.links.netlink import delete, index, netlink, telling
from virtloom.xmldef.network.addresses import broadcast_of
from virtloom.xmldef.network.ip import Ip
from virtloom.xmldef.network.network import Network
from virtloom.xmldef.network.route import Route

RTPROT_BOOT = 3  # rtnetlink(7): who made a route
TICKS = 100  # of the kernel's clock for bridges, in a second (USER_HZ)
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


class KnownRoute(NamedTuple):
    """A route of the host: where to, how many bits name it, and through which link."""

    address: str
    bits: int
    link: str


def create_bridge(network: Network) -> None:
    """Make a network's bridge, down.

    :raises VirtError: SYSTEM_ERROR; then there is no bridge that was not there before.
    """
    bridge = network.bridge
    assert bridge is not None
    name = bridge.name or ""
    with netlink() as route:
        with telling(f"error creating bridge interface {name}"):
            route.link("add", ifname=name, kind="bridge", address=network.mac)
        try:
            place = index(route, name)
            if network.mtu is not None:
                with telling(f"Cannot set interface MTU on '{name}'"):
                    route.link("set", index=place, mtu=network.mtu)
            with telling(f"Unable to set bridge {name} forward_delay"):
                route.link("set", index=place, kind="bridge", br_forward_delay=(bridge.delay or 0) * TICKS)
            with telling(f"Unable to set bridge {name} stp_state"):
                route.link("set", index=place, kind="bridge", br_stp_state=int(bool(bridge.stp)))
            if bridge.mac_table_manager == "libvirt":
                with telling(f"Unable to set bridge {name} vlan_filtering"):
                    route.link("set", index=place, kind="bridge", br_vlan_filtering=1)
        except BaseException:
            delete(route, name)
            raise


def delete_bridge(name: str) -> None:
    """Remove a bridge; the links on it stay.

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink() as route, telling(f"Unable to delete bridge {name}"):
        delete(route, name)


def add_address(name: str, ip: Ip) -> None:
    """Give a link an address.

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink() as route, telling(f"Failed to add IP address {ip.address}/{ip.bits} to {name}"):
        extra = {"broadcast": _broadcast(ip)} if ip.address.version == 4 and ip.bits < 31 else {}
        place = index(route, name)
        route.addr("add", index=place, address=str(ip.address), prefixlen=ip.bits, **extra)


def _broadcast(ip: Ip) -> str:
    return str(broadcast_of(ip.address, ip.bits))


def bring_up(name: str) -> None:
    """Bring a link up.

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink() as route, telling(f"Cannot set interface flags on '{name}'"):
        route.link("set", index=index(route, name), state="up")


def add_route(name: str, to: Route) -> None:
    """Add a route through a link.

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink() as route, telling(f"Failed to add route to {to.address}/{to.bits} through {name}"):
        route.route(
            "add",
            dst=f"{to.address}/{to.bits}",
            gateway=str(to.gateway),
            oif=index(route, name),
            priority=to.metric or 1,
            proto=RTPROT_BOOT,
            family=FAMILIES[to.address.version],
        )


def ipv4_routes() -> list[KnownRoute]:
    """The host's IPv4 routes, of its main table."""
    with netlink() as route:
        names = {link["index"]: dict(link["attrs"]).get("IFLA_IFNAME", "") for link in route.get_links()}
        found = []
        for entry in route.get_routes(family=socket.AF_INET, table=254):
            attributes = dict(entry["attrs"])
            link = names.get(attributes.get("RTA_OIF"), "")
            found.append(KnownRoute(attributes.get("RTA_DST", "0.0.0.0"), entry["dst_len"], link))
        return found
