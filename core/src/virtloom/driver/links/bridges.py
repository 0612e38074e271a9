"""Bridges, as those see them whose links are put on one."""

from __future__ import annotations

import errno
import os
from typing import Any

from virtloom.driver.links.names import PREFIX
from virtloom.driver.links.netlink import exists, index, telling
from virtloom.errors import ErrorCode, ErrorDomain, VirtError


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
        raise VirtError(ErrorCode.SYSTEM_ERROR, detail, ErrorDomain.NONE, int1=errno.ENODEV, hint=hint)
    if not is_bridge(name):
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, f"the interface '{name}' is not a bridge", ErrorDomain.NONE)


def plug(route: Any, name: str, bridge: str | None) -> None:
    """Bring a link up, on a bridge if one is named.

    :raises VirtError: SYSTEM_ERROR.
    """
    place = index(route, name)
    with telling(f"Unable to add bridge {bridge} port {name}"):
        if bridge is not None:
            require_bridge(bridge)
            route.link("set", index=place, master=index(route, bridge))
        route.link("set", index=place, state="up")


def unplug(route: Any, name: str, bridge: str) -> None:
    """Take a link off a bridge.

    :raises VirtError: SYSTEM_ERROR.
    """
    with telling(f"Unable to remove bridge {bridge} port {name}"):
        route.link("set", index=index(route, name), master=0)
