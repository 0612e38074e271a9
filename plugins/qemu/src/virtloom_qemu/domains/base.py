"""What all parts of the driver stand on."""

from __future__ import annotations

from virtloom.driver import DriverHost, HypervisorDriver
from virtloom.errors import ErrorDomain


class DomainsBase(HypervisorDriver):
    """The collection of domains, and how a method reaches one.

    :param host: what the daemon gives to the plugin.
    """

    error_domain = ErrorDomain.QEMU
    paths = ("/system", "/session")

    def __init__(self, host: DriverHost) -> None:
        self.host = host
        self.events = host.events

    def connect_get_type(self) -> str:
        """`virConnectGetType`"""
        return "QEMU"
