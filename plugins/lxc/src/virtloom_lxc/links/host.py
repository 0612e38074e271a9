"""The host's links: made, looked up and removed through netlink (pyroute2).

Guarantees: a call either made all that it says or left nothing; removing what is gone is no error.
Assumes: no lock is held: the kernel may take its time.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

from pyroute2 import IPRoute, NetlinkError

from virtloom.errors import ErrorCode, ErrorDomain, VirtError

PREFIX = "vnet"
Announce = Callable[[str, str], None]
MODES = {"vepa": "vepa", "private": "private", "bridge": "bridge", "passthrough": "passthru"}


@contextmanager
def netlink() -> Iterator[Any]:
    """A connection to the kernel for the length of a block."""
    with IPRoute() as route:
        yield route


def index(route: Any, name: str) -> int | None:
    """A link's number; None if there is no link of that name."""
    found = route.link_lookup(ifname=name)
    return found[0] if found else None


def exists(name: str) -> bool:
    """Whether the host has a link of that name."""
    with netlink() as route:
        return index(route, name) is not None


def is_bridge(name: str) -> bool:
    """Whether a link is a bridge that interfaces can be put on."""
    return os.path.isdir(f"/sys/class/net/{name}/bridge")


def require_bridge(name: str) -> None:
    """Refuse a bridge that is not there.

    :raises VirtError: SYSTEM_ERROR if there is no such link, CONFIG_UNSUPPORTED if it is none.
    """
    if not exists(name):
        detail = f"Unable to add bridge {name} port {PREFIX}0: {os.strerror(errno.ENODEV)}"
        hint = f"the host has no bridge '{name}'; make it first, or name one that there is"
        raise VirtError(ErrorCode.SYSTEM_ERROR, detail, ErrorDomain.LXC, int1=errno.ENODEV, hint=hint)
    if not is_bridge(name):
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, f"the interface '{name}' is not a bridge", ErrorDomain.LXC)


def make_pair(
    name: str | None, mac: str, announce: Announce, *, mtu: int | None, bridge: str | None
) -> tuple[str, str]:
    """A veth pair: the host's end, up and on the bridge, and the end for the container, down.

    :param name: the host's end; None chooses names of our own for both.
    :param announce: is told the two names before they are used, so that a crash leaves nothing unknown.
    :return: the names of the two ends.
    :raises VirtError: SYSTEM_ERROR; then nothing was made.
    """
    with netlink() as route:

        def add(end: str, peer: str) -> None:
            extra = {} if mtu is None else {"mtu": mtu}
            route.link("add", ifname=end, kind="veth", peer={"ifname": peer, "address": mac, **extra}, **extra)

        ends = _named(add, name, announce)
        try:
            place = index(route, ends[0])
            if bridge is not None:
                route.link("set", index=place, master=index(route, bridge))
            route.link("set", index=place, state="up")
        except (NetlinkError, TypeError) as error:
            _delete(route, ends[0])
            raise refused(error, f"Unable to add bridge {bridge} port {ends[0]}") from error
    return ends


def _named(add: Callable[[str, str], None], wanted: str | None, announce: Announce) -> tuple[str, str]:
    """Add a pair under the first names that are free (`virNetDevGenerateName`)."""
    free = (f"{PREFIX}{number}" for number in count())
    taken = set(os.listdir("/sys/class/net"))
    while True:
        end = wanted or next(name for name in free if name not in taken)
        peer = next(name for name in free if name not in taken and name != end)
        announce(end, peer)
        try:
            add(end, peer)
        except NetlinkError as error:
            if error.code != errno.EEXIST or (wanted and exists(wanted)):
                raise refused(error, f"Unable to create veth device {end}") from error
            taken |= set(os.listdir("/sys/class/net"))  # somebody took a name meanwhile: the next ones
            continue
        return end, peer


def make_macvlan(below: str, mode: str, mac: str, announce: Announce) -> str:
    """A link of the container's own on one of the host's (`<interface type='direct'>`).

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink() as route:
        lower = index(route, below)
        if lower is None:
            raise VirtError(ErrorCode.SYSTEM_ERROR, f"Unable to get index for interface {below}: {os.strerror(19)}")

        def add(end: str, peer: str) -> None:
            route.link("add", ifname=end, kind="macvlan", link=lower, macvlan_mode=MODES.get(mode, "vepa"), address=mac)

        return _named(add, None, announce)[0]


def delete_stray(name: str, peer: str, mac: str) -> None:
    """Remove what a run left: a link of one of the names, if it or its other end is here and has that MAC address.

    The end that was inside comes back when a container ends, under a name that liblxc makes up.
    """
    with netlink() as route:
        for one in (name, peer):
            place = index(route, one)
            if place is not None and mac in _addresses(route, place):
                _delete(route, one)


def _addresses(route: Any, place: int) -> set[str]:
    """The MAC addresses of a link and of its other end, where that is in this network too.

    Either may go at any time: the kernel removes a pair when the network ends that one of them is in.
    """
    found = set()
    with suppress(NetlinkError):
        link = route.link("get", index=place)[0]
        found.add(link.get("address"))
        if link.get("link") is not None and link.get("link_netnsid") is None:
            found.add(route.link("get", index=link.get("link"))[0].get("address"))
    return found


def delete(name: str) -> None:
    """Remove a link; both ends go."""
    with netlink() as route:
        _delete(route, name)


def _delete(route: Any, name: str) -> None:
    try:
        if (place := index(route, name)) is not None:
            route.link("del", index=place)
    except NetlinkError as error:
        if error.code not in (errno.ENODEV, errno.ENOENT):
            raise refused(error, f"Failed to delete '{name}'") from error


def move(name: str, pid: int) -> None:
    """Move a link into the network of a process.

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink() as route:
        try:
            route.link("set", index=index(route, name), net_ns_pid=pid)
        except NetlinkError as error:
            raise refused(error, f"Unable to move interface {name} into network of pid {pid}") from error


def set_up(name: str, up: bool) -> None:
    """Bring a link of the host's up or down.

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink() as route:
        try:
            route.link("set", index=index(route, name), state="up" if up else "down")
        except NetlinkError as error:
            raise refused(error, f"Cannot change the state of interface {name}") from error


def neighbours(mac: str) -> list[str]:
    """The addresses that the host has seen a MAC address use (arp(7))."""
    with netlink() as route:
        entries = route.get_neighbours()
        return [dict(entry["attrs"])["NDA_DST"] for entry in entries if dict(entry["attrs"]).get("NDA_LLADDR") == mac]


def refused(error: Exception, detail: str) -> VirtError:
    """What the kernel said no to."""
    number = error.code if isinstance(error, NetlinkError) else errno.ENODEV
    return VirtError(ErrorCode.SYSTEM_ERROR, f"{detail}: {os.strerror(number)}", ErrorDomain.LXC, int1=number)
