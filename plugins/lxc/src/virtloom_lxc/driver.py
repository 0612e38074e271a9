"""The driver, put together from its parts; each part is a file that says what it is about."""

from __future__ import annotations

from collections.abc import Mapping

from virtloom.driver import URI, Driver, DriverHost, DriverKind
from virtloom.driver.domains import DomainLookup
from virtloom.errors import ErrorCode, VirtError
from virtloom_lxc.domains.asking import Asking
from virtloom_lxc.domains.bulk import BulkStats
from virtloom_lxc.domains.console import Consoles
from virtloom_lxc.domains.conversion import Conversion
from virtloom_lxc.domains.devices.calls import Devices
from virtloom_lxc.domains.info import Info
from virtloom_lxc.domains.recovery import Recovery
from virtloom_lxc.domains.state import Container
from virtloom_lxc.domains.stats import Stats
from virtloom_lxc.domains.tuning import Tuning
from virtloom_lxc.host import HostCalls


class LxcDriver(
    Recovery, Devices, Tuning, Stats, BulkStats, Asking, Info, Consoles, Conversion, HostCalls, DomainLookup[Container]
):
    """The containers of this host.

    :param host: what the daemon gives to the plugin.
    """

    def __init__(self, host: DriverHost) -> None:
        super().__init__(host)
        self.recover()
        self.load_definitions()
        self.start_with_daemon(lambda dom: self.domain_create_with_flags(dom, 0))

    def open(self, uri: URI) -> Mapping[DriverKind, Driver]:
        """See `HypervisorDriver.open`.

        :raises VirtError: INTERNAL_ERROR for a path that is not `/system`.
        """
        if uri.path not in self.paths:
            detail = f"Unexpected LXC URI path '{uri.path}', try lxc:///system"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail)
        return super().open(uri)

    def stop(self) -> None:
        """Let the controllers' sockets go; containers keep running."""
        self._watch.stop()
