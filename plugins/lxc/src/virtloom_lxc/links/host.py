"""The host's links: made, looked up and removed through netlink (pyroute2).

Guarantees: a call either made all that it says or left nothing; removing what is gone is no error.
Assumes: no lock is held: the kernel may take its time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from virtloom.driver.links import bridges, netlink
from virtloom.driver.links.names import MACVLAN, add_named, free_names
from virtloom.driver.links.netlink import index, netlink_error, refused, telling
from virtloom.errors import VirtError
from virtloom_lxc.links.apply import apply
from virtloom_lxc.links.inside import Inside

Announce = Callable[[str, str], None]
MODES = {"vepa": "vepa", "private": "private", "bridge": "bridge", "passthrough": "passthru"}


def make_pair(
    name: str | None, mac: str, announce: Announce, *, mtu: int | None, bridge: str | None
) -> tuple[str, str]:
    """A veth pair: the host's end, up and on the bridge, and the end for the container, down.

    :param name: the host's end; None chooses names of our own for both.
    :param announce: is told the two names before they are used, so that a crash leaves nothing unknown.
    :return: the names of the two ends.
    :raises VirtError: SYSTEM_ERROR; then nothing was made.
    """
    extra = {} if mtu is None else {"mtu": mtu}
    with netlink.netlink() as route:
        peer = ""

        def add(end: str) -> None:
            nonlocal peer
            peer = next(one for one in free_names() if one != end)
            announce(end, peer)
            route.link("add", ifname=end, kind="veth", peer={"ifname": peer, "address": mac, **extra}, **extra)

        end = add_named(add, name, "Unable to create veth device")
        try:
            bridges.plug(route, end, bridge)
        except VirtError:
            netlink.delete(route, end)
            raise
    return end, peer


def make_macvlan(name: str | None, below: str, mode: str, mac: str, announce: Announce) -> str:
    """A link of the container's own on one of the host's (`<interface type='direct'>`).

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink.netlink() as route:
        lower = index(route, below)
        if lower is None:
            raise refused(LookupError(), f"Unable to get index for interface {below}")

        def add(end: str) -> None:
            announce(end, end)
            route.link("add", ifname=end, kind="macvlan", link=lower, macvlan_mode=MODES.get(mode, "vepa"), address=mac)

        return add_named(add, name, f"error creating macvlan interface on {below}:", MACVLAN)


def isolate(name: str) -> None:
    """Keep a link from all others of its bridge that are isolated too.

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink.netlink() as route, telling(f"Unable to set isolated on bridge port {name}"):
        route.brport("set", index=index(route, name), isolated=1)


def address(name: str, ends: Inside) -> None:
    """Give a link of the host's its addresses and routes.

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink.netlink() as route, telling(f"Unable to set the addresses of {name}"):
        apply(route, ends.whole())


def delete_stray(name: str, peer: str, mac: str) -> None:
    """Remove what a run left: a link of one of the names, if it or its other end is here and has that MAC address.

    The end that was inside comes back when a container ends, under a name that liblxc makes up.
    """
    with netlink.netlink() as route:
        for one in (name, peer):
            place = index(route, one)
            if place is not None and mac in _addresses(route, place):
                netlink.delete(route, one)


def _addresses(route: Any, place: int) -> set[str]:
    """The MAC addresses of a link and of its other end, where that is in this network too.

    Either may go at any time: the kernel removes a pair when the network ends that one of them is in.
    """
    found = set()
    with suppress(netlink_error()):
        link = route.link("get", index=place)[0]
        found.add(link.get("address"))
        if link.get("link") is not None and link.get("link_netnsid") is None:
            found.add(route.link("get", index=link.get("link"))[0].get("address"))
    return found


def delete(name: str) -> None:
    """Remove a link; both ends go.

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink.netlink() as route, telling(f"Failed to delete '{name}'"):
        netlink.delete(route, name)


def move(name: str, pid: int) -> None:
    """Move a link into the network of a process.

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink.netlink() as route, telling(f"Unable to move interface {name} into network of pid {pid}"):
        route.link("set", index=index(route, name), net_ns_pid=pid)


def replug(name: str, bridge: str) -> None:
    """Move a link to another bridge.

    :raises VirtError: SYSTEM_ERROR; it stays where it was.
    """
    with netlink.netlink() as route:
        bridges.plug(route, name, bridge)


def set_up(name: str, up: bool) -> None:
    """Bring a link of the host's up or down.

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink.netlink() as route, telling(f"Cannot change the state of interface {name}"):
        route.link("set", index=index(route, name), state="up" if up else "down")


def neighbours(mac: str) -> list[str]:
    """The addresses that the host has seen a MAC address use (arp(7))."""
    with netlink.netlink() as route:
        entries = route.get_neighbours()
        return [dict(entry["attrs"])["NDA_DST"] for entry in entries if dict(entry["attrs"]).get("NDA_LLADDR") == mac]
