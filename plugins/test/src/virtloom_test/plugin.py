"""The plugin: what it declares, and how it opens connections."""

from __future__ import annotations

from collections.abc import Mapping

from virtloom.driver import (
    API_VERSION,
    URI,
    Driver,
    DriverDeclaration,
    DriverHost,
    DriverKind,
    HypervisorDriver,
    hookimpl,
)
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Level
from virtloom_test import object_types
from virtloom_test.hosts.file import default_host, host_from_file
from virtloom_test.hosts.host import TestHost

VERSION = "0.1.0"


class TestDriver(HypervisorDriver):
    """Opens hosts: `test:///default`, which all its connections share, and `test:///PATH`, each connection's own.

    Like libvirt's, the default host is made for its first connection and forgotten with its last.
    """

    __test__ = False  # the name begins as pytest's classes do
    error_domain = ErrorDomain.TEST
    shares_resources = False  # its hosts are played: nothing of this one belongs to them

    def __init__(self, host: DriverHost) -> None:
        self._host = host
        self._lock = host.locks.lock("hosts", Level.LEAF)
        self._default: TestHost | None = None
        self._default_users = 0
        self.brings = tuple(default_host(host).drivers.values())  # for listing what is supported

    def open(self, uri: URI) -> Mapping[DriverKind, Driver]:
        """The drivers of the host that the path names.

        :raises VirtError: INTERNAL_ERROR or others if there is no such host or its file is wrong.
        """
        if not uri.path or uri.path == "/":
            detail = "testOpen: supply a path or use test:///default"
            raise VirtError(ErrorCode.INVALID_ARG, detail)
        if uri.path != "/default":
            return host_from_file(self._host, uri.path).drivers
        made = default_host(self._host) if self._default is None else None
        with self._lock:
            if self._default is None:
                self._default = made
            self._default_users += 1
            found = self._default
        return found.drivers if found is not None else self.open(uri)

    def close(self, drivers: Mapping[DriverKind, Driver]) -> None:
        """Forget the default host with its last connection."""
        with self._lock:
            default = self._default
            if default is not None and drivers.get(DriverKind.HYPERVISOR) is default.drivers[DriverKind.HYPERVISOR]:
                self._default_users -= 1
                if self._default_users == 0:
                    self._default = None


@hookimpl
def virtloom_declare() -> DriverDeclaration:
    """See `virtloom.driver.hookspecs`."""
    return DriverDeclaration(
        "test",
        VERSION,
        API_VERSION,
        DriverKind.HYPERVISOR,
        schemes=("test",),
        object_types=object_types.ALL,
        default_uris=("test:///default",),
        default_rank=90,
    )


@hookimpl
def virtloom_start(host: DriverHost) -> TestDriver:
    """See `virtloom.driver.hookspecs`."""
    return TestDriver(host)
