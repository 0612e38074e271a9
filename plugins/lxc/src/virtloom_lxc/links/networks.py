"""Virtual networks, through whoever drives them on this host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from virtloom.driver import DriverHost, DriverKind
from virtloom.errors import ErrorCode, ErrorDomain, VirtError


def bridge_finder(host: DriverHost) -> Callable[[str], str]:
    """A function that tells the bridge of a network by its name; to be called with no lock held."""

    def find(name: str) -> str:
        driver: Any = host.driver(DriverKind.NETWORK)
        if driver is None:
            detail = f"no network with matching name '{name}'"
            hint = "no driver for networks is installed: pip install virtloom-network, or name a bridge instead"
            raise VirtError(ErrorCode.NO_NETWORK, detail, ErrorDomain.NETWORK, hint=hint)
        network = driver.network_lookup_by_name(name)
        if not driver.network_is_active(network):
            detail = f"network '{name}' is not active"
            raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.NETWORK)
        return str(driver.network_get_bridge_name(network))

    return find
