"""The plugin: what it declares, and how it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtloom.driver import API_VERSION, ConfigKey, DriverDeclaration, DriverHost, DriverKind, hookimpl
from virtloom_network import object_types

if TYPE_CHECKING:
    from virtloom_network.driver import HostNetworks

VERSION = "0.1.0"

CONFIG = (
    ConfigKey("default_network", True, "whether the very first start defines the network 'default', as libvirt has it"),
    ConfigKey("helper_deadline", 15.0, "seconds that dnsmasq and nft may take to start a network or to change it"),
    ConfigKey("stop_deadline", 3.0, "seconds that dnsmasq has to end before it is killed"),
)


@hookimpl
def virtloom_declare() -> DriverDeclaration:
    """See `virtloom.driver.hookspecs`."""
    return DriverDeclaration(
        "network", VERSION, API_VERSION, DriverKind.NETWORK, ("network",), object_types=object_types.ALL, config=CONFIG
    )


@hookimpl
def virtloom_start(host: DriverHost) -> HostNetworks:
    """See `virtloom.driver.hookspecs`."""
    from virtloom_network.driver import HostNetworks

    driver = HostNetworks(host)
    driver.recover()
    return driver
