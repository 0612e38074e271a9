"""A connection to one resource driver and nothing else: `storage:///system`, `network:///system` and their like.

A resource driver that declares a URI scheme is opened so. What is asked of a hypervisor on such a connection is not
supported, as in libvirt.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from virtloom.driver.base import Driver, HypervisorDriver
from virtloom.driver.kinds import DriverKind
from virtloom.driver.uri import URI


class Alone(HypervisorDriver):
    """Stands where a hypervisor's driver would.

    :param scheme: the URI's, which is also what the connection's type is called.
    :param driver: the resource driver. If it has a method `connection_capabilities`, that is what
        `virConnectGetCapabilities` returns.
    """

    def __init__(self, scheme: str, driver: Driver) -> None:
        self._scheme = scheme
        self._driver = driver
        self.error_domain = driver.error_domain
        self.paths = ("/system",) if os.geteuid() == 0 else ("/session",)
        capabilities = getattr(driver, "connection_capabilities", None)
        if capabilities is not None:
            self.connect_get_capabilities = capabilities

    def open(self, uri: URI) -> Mapping[DriverKind, Driver]:
        """See `HypervisorDriver.open`."""
        return {**super().open(uri), self._driver.kind: self._driver}

    def connect_get_type(self) -> str:
        """`virConnectGetType`"""
        return self._scheme
