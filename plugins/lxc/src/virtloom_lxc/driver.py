"""The driver, put together from its parts; each part is a file that says what it is about."""

from __future__ import annotations

from virtloom.driver import DriverHost
from virtloom.driver.domains import DomainLookup
from virtloom_lxc.domains.asking import Asking
from virtloom_lxc.domains.console import Consoles
from virtloom_lxc.domains.info import Info
from virtloom_lxc.domains.recovery import Recovery
from virtloom_lxc.domains.state import Container
from virtloom_lxc.host import HostCalls


class LxcDriver(Recovery, Asking, Info, Consoles, HostCalls, DomainLookup[Container]):
    """The containers of this host.

    :param host: what the daemon gives to the plugin.
    """

    def __init__(self, host: DriverHost) -> None:
        super().__init__(host)
        self.recover()
        self.load_definitions()
        self.start_with_daemon()

    def stop(self) -> None:
        """Let the controllers' sockets go; containers keep running."""
        self._watch.stop()
