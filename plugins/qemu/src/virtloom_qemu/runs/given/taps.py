"""The host's ends of interfaces: taps on bridges, and macvtaps on links of the host's (tuntap(4), ip-link(8)).

A tap lasts for as long as somebody has it open, so the kernel removes it with its guest's process, however that ends;
a macvtap is a link that stays until it is deleted.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from virtloom.driver.links import bridges
from virtloom.driver.links.names import PREFIX, add_named
from virtloom.driver.links.netlink import delete, exists, index, netlink, netlink_error, refused, telling
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error

TUN = "/dev/net/tun"
TUNSETIFF, IFF_TAP, IFF_MULTI_QUEUE, IFF_NO_PI, IFF_VNET_HDR = 0x400454CA, 0x0002, 0x0100, 0x1000, 0x4000
REQUEST = struct.Struct("16sH22x")  # struct ifreq, as far as it is used
NTF_MASTER, NUD_REACHABLE = 0x04, 0x02  # of an address that a bridge is told, until the host starts anew
NAME_MAX = 15  # bytes of a link's name (IFNAMSIZ less its end)
MACVTAP = "macvtap"
# How a macvtap reaches others on the same link, in the kernel's words (`virNetDevMacVLanMode`).
MODES = {"vepa": "vepa", "private": "private", "bridge": "bridge", "passthrough": "passthru"}
NODE_WITHIN = 1.0  # seconds for the node of a macvtap to appear; where nobody makes nodes it is made here


class HostEnd(NamedTuple):
    """How a host's end is to be.

    :ivar name: what it is called; None chooses a name.
    :ivar mac: the guest's address, from which the host's is made.
    :ivar queues: how many descriptors it is opened by; :ivar headers: whether frames have virtio's headers.
    :ivar mtu: in bytes; None leaves the bridge's or the kernel's.
    """

    name: str | None
    mac: str
    queues: int = 1
    headers: bool = False
    mtu: int | None = None
    isolated: bool = False
    learning: bool = True


def open_tap(end: HostEnd, device: str = TUN) -> tuple[str, list[int]]:
    """Make a tap, down, on nothing.

    :param device: what taps are made by.
    :return: its name, and its descriptors, for the caller to close.
    :raises VirtError: SYSTEM_ERROR; then nothing was made.
    """
    flags = IFF_TAP | IFF_NO_PI
    flags |= IFF_VNET_HDR if end.headers else 0
    flags |= IFF_MULTI_QUEUE if end.queues > 1 else 0
    name, opened = end.name or f"{PREFIX}%d", []
    try:
        for _ in range(end.queues):
            opened.append(_open_tun(device))
            name = _attach(opened[-1], name, flags)
    except OSError as error:
        close_all(opened)
        raise system_error(error, f"Unable to create tap device {name}") from error
    return name, opened


def _open_tun(device: str) -> int:
    try:
        return os.open(device, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise system_error(error, f"Unable to open {device}, is tun module loaded?", ErrorDomain.NONE) from error


def _attach(descriptor: int, name: str, flags: int) -> str:
    """Attach a descriptor to the tap of a name; the kernel chooses the number for `%d`."""
    if len(name.encode()) > NAME_MAX:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    answer = fcntl.ioctl(descriptor, TUNSETIFF, REQUEST.pack(name.encode(), flags))
    chosen: bytes = REQUEST.unpack(answer)[0]
    return chosen.rstrip(b"\0").decode()


def host_mac(mac: str) -> str:
    """The address of the host's end: the guest's own would be taken for an echo, a higher one never is the bridge's."""
    first, rest = mac.split(":", 1)
    return f"{'fa' if first == 'fe' else 'fe'}:{rest}"


def set_up_tap(name: str, end: HostEnd, bridge: str | None) -> None:
    """Give a tap its address and size, put it on a bridge and bring it up.

    :raises VirtError: SYSTEM_ERROR, such as for a bridge that is not there.
    """
    with netlink() as route:
        place = index(route, name)
        with telling(f"Cannot set interface MAC on '{name}'"):
            route.link("set", index=place, address=host_mac(end.mac))
        if bridge is not None and end.mtu is None and not exists(bridge):
            detail = f"Cannot get interface MTU on '{bridge}': {os.strerror(errno.ENODEV)}"
            raise VirtError(ErrorCode.SYSTEM_ERROR, detail, int1=errno.ENODEV)
        mtu = end.mtu or _mtu(bridge)
        if mtu is not None:
            with telling(f"Cannot set interface MTU on '{name}'"):
                route.link("set", index=place, mtu=mtu)
        if bridge is not None and not exists(bridge):
            detail = f"Unable to add bridge {bridge} port {name}: {os.strerror(errno.ENODEV)}"
            raise VirtError(ErrorCode.SYSTEM_ERROR, detail, int1=errno.ENODEV)
        bridges.plug(route, name, bridge)
        with telling(f"Unable to set options of bridge {bridge} port {name}"):
            if end.isolated:
                route.brport("set", index=place, isolated=1)
            if not end.learning:
                route.brport("set", index=place, learning=0, unicast_flood=0)
                route.fdb("add", ifindex=place, lladdr=end.mac, flags=NTF_MASTER, state=NUD_REACHABLE)


def isolate(name: str, isolated: bool) -> None:
    """Have a link reach the other isolated ones of its bridge, or none of them.

    :raises VirtError: SYSTEM_ERROR.
    """
    with netlink() as route, telling(f"Unable to set isolated on port {name}"):
        route.brport("set", index=index(route, name), isolated=int(isolated))


def _mtu(bridge: str | None) -> int | None:
    with suppress(OSError, ValueError):
        return int(Path("/sys/class/net", bridge or "", "mtu").read_text())
    return None


def open_macvtap(below: str, mode: str, end: HostEnd, announce: Callable[[str], None]) -> tuple[str, list[int]]:
    """Make a macvtap on a link of the host's, up.

    :param mode: how it reaches others there: `vepa`, `private`, `bridge` or `passthrough`.
    :param announce: is told the name before there is a link of that name.
    :return: its name, and its descriptors, for the caller to close.
    :raises VirtError: SYSTEM_ERROR; then nothing was made.
    """
    with netlink() as route:
        lower = index(route, below)
        if lower is None:
            what = "Cannot get interface MAC on" if mode == "passthrough" else "Unable to get index for interface"
            named = f"'{below}'" if mode == "passthrough" else below
            detail = f"{what} {named}: {os.strerror(errno.ENODEV)}"
            raise VirtError(ErrorCode.SYSTEM_ERROR, detail, int1=errno.ENODEV)

        def add(name: str) -> None:
            announce(name)
            route.link("add", ifname=name, kind=MACVTAP, link=lower, macvtap_mode=MODES[mode], address=end.mac)

        name = add_named(add, end.name, f"error creating {MACVTAP} interface on {below}", MACVTAP)
        try:
            place = index(route, name) or 0
            route.link("set", index=place, state="up", **({} if end.mtu is None else {"mtu": end.mtu}))
            return name, _open_node(name, place, end)
        except (OSError, netlink_error()) as error:
            delete(route, name)
            if isinstance(error, netlink_error()):
                raise refused(error, f"Cannot set up the interface '{name}'") from error
            raise system_error(error, f"cannot open macvtap tap device /dev/tap{place}") from error


def _open_node(name: str, place: int, end: HostEnd) -> list[int]:
    node, made = _node(name, place)
    opened: list[int] = []
    try:
        for _ in range(end.queues):
            opened.append(os.open(node, os.O_RDWR | os.O_CLOEXEC))
            flags = IFF_TAP | IFF_NO_PI | (IFF_VNET_HDR if end.headers else 0)
            flags |= IFF_MULTI_QUEUE if end.queues > 1 else 0
            fcntl.ioctl(opened[-1], TUNSETIFF, REQUEST.pack(b"", flags))
    except OSError:
        close_all(opened)
        raise
    finally:
        if made:
            os.unlink(node)
    return opened


def _node(name: str, place: int) -> tuple[str, bool]:
    """The device's node, and whether it had to be made: where no udevd runs nobody else makes it."""
    node, deadline = f"/dev/tap{place}", time.monotonic() + NODE_WITHIN
    while not os.path.exists(node):
        if time.monotonic() > deadline:
            numbers = Path(f"/sys/class/net/{name}/{MACVTAP}/tap{place}/dev").read_text()
            major, minor = numbers.strip().split(":")
            os.mknod(node, stat.S_IFCHR | 0o600, os.makedev(int(major), int(minor)))
            return node, True
        time.sleep(0.02)
    return node, False


def close_all(descriptors: list[int]) -> None:
    """Close descriptors."""
    for descriptor in descriptors:
        os.close(descriptor)
