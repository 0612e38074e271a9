"""The connection to the kernel's links (rtnetlink(7)), and what it says no to.

Guarantees: removing what is gone is no error. Assumes: no lock is held: the kernel may take its time.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pyroute2 import IPRoute, NetlinkError

from virtloom.errors import ErrorCode, ErrorDomain, VirtError

GONE = (errno.ENODEV, errno.ENOENT)


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
    except NetlinkError as error:
        if error.code not in GONE:
            raise


def refused(error: Exception, detail: str) -> VirtError:
    """What the kernel said no to; anything but a netlink error is a link that is not there."""
    number = error.code if isinstance(error, NetlinkError) else errno.ENODEV
    return VirtError(ErrorCode.SYSTEM_ERROR, f"{detail}: {os.strerror(number)}", ErrorDomain.NONE, int1=number)


@contextmanager
def telling(detail: str) -> Iterator[None]:
    """Turn what the kernel refuses in a block into an error that says what was tried.

    :raises VirtError: SYSTEM_ERROR.
    """
    try:
        yield
    except NetlinkError as error:
        raise refused(error, detail) from error
