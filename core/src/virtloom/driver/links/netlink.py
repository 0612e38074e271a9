"""The connection to the kernel's links (rtnetlink(7)), and what it says no to.

Guarantees: removing what is gone is no error. Assumes: no lock is held: the kernel may take its time, and pyroute2 is
imported when it is first needed, which takes as long as half of the daemon's own start.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError

GONE = (errno.ENODEV, errno.ENOENT)


@contextmanager
def netlink() -> Iterator[Any]:
    """A connection to the kernel for the length of a block."""
    from pyroute2 import IPRoute

    with IPRoute() as route:
        yield route


def netlink_error() -> Any:
    """The class of what the kernel refuses; after `except` it is asked for only once something was raised."""
    from pyroute2 import NetlinkError

    return NetlinkError


def index(route: Any, name: str) -> int | None:
    """A link's number; None if there is no link of that name."""
    found = route.link_lookup(ifname=name)
    return found[0] if found else None


def exists(name: str) -> bool:
    """Whether the host has a link of that name."""
    with suppress(OSError):
        return bool(socket.if_nametoindex(name))
    return False


def link_names() -> set[str]:
    """The names of all links of the host."""
    return {name for _, name in socket.if_nameindex()}


def delete(route: Any, name: str) -> None:
    """Remove a link; of a pair, both ends go.

    :raises NetlinkError: the kernel keeps it.
    """
    try:
        if (place := index(route, name)) is not None:
            route.link("del", index=place)
    except netlink_error() as error:
        if error.code not in GONE:
            raise


def refused(error: Exception, detail: str) -> VirtError:
    """What the kernel said no to; anything but a netlink error is a link that is not there."""
    number = error.code if isinstance(error, netlink_error()) else errno.ENODEV
    return VirtError(ErrorCode.SYSTEM_ERROR, f"{detail}: {os.strerror(number)}", ErrorDomain.NONE, int1=number)


@contextmanager
def telling(detail: str) -> Iterator[None]:
    """Turn what the kernel refuses in a block into an error that says what was tried.

    :raises VirtError: SYSTEM_ERROR.
    """
    try:
        yield
    except netlink_error() as error:
        raise refused(error, detail) from error
