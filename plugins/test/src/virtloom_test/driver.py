"""The driver, and how it opens connections."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from virtloom.driver import URI, Driver, DriverHost, DriverKind, HypervisorDriver, InterceptedCall
from virtloom.errors import ErrorDomain
from virtloom_test.administration import administration
from virtloom_test.faults.calls import OPEN
from virtloom_test.hosts.file import default_host
from virtloom_test.hosts.registry import Hosts
from virtloom_test.stage import Stage


class TestDriver(HypervisorDriver):
    """Opens hosts, each shared by all connections to its URI."""

    __test__ = False  # the name begins as pytest's classes do
    error_domain = ErrorDomain.TEST

    def __init__(self, host: DriverHost) -> None:
        self.stage = stage = Stage(host)
        self.hosts = Hosts(stage)
        self.administration = administration(stage, self.hosts)
        self.brings = tuple(default_host(stage).drivers.values())  # for listing what is supported
        if stage.options.faults:
            stage.faults.load(Path(stage.options.faults))

    def open(self, uri: URI) -> Mapping[DriverKind, Driver]:
        """The drivers of the host that the path names.

        :raises VirtError: INTERNAL_ERROR or others if there is no such host or its file is wrong.
        """
        drivers = self.hosts.open(uri)
        hypervisor = drivers[DriverKind.HYPERVISOR]
        if isinstance(hypervisor, HypervisorDriver) and hypervisor.interceptor is not None:
            try:
                hypervisor.interceptor(InterceptedCall(OPEN, ()), lambda: None)
            except BaseException:
                self.hosts.close(drivers)
                raise
        return drivers

    def close(self, drivers: Mapping[DriverKind, Driver]) -> None:
        """One connection to a host less."""
        self.hosts.close(drivers)

    def stop(self) -> None:
        """Let go of what waits."""
        self.stage.ended.set()
        self.stage.faults.clear()
