"""What the driver keeps of one container beside what all drivers keep of a domain."""

from __future__ import annotations

from dataclasses import dataclass

from virtloom.driver.cgroups import Group
from virtloom.driver.domains import DomainState
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom_lxc.container.run import Run


@dataclass
class Container(DomainState):
    """One container.

    :ivar run: the container, while it runs; :ivar boots: how often its init has booted in this run.
    :ivar asked_to_die: whether somebody sent init a signal that kills, so that its end is no crash.
    """

    run: Run | None = None
    boots: int = 0
    asked_to_die: bool = False

    def running(self) -> Run:
        """The container that runs.

        :raises VirtError: OPERATION_INVALID if it does not.
        """
        self.require_active()
        if self.run is None:
            raise VirtError(ErrorCode.OPERATION_INVALID, "Init pid is not yet available", ErrorDomain.LXC)
        return self.run

    def group(self) -> Group:
        """The control group of the container that runs.

        :raises VirtError: OPERATION_INVALID if it does not run.
        """
        return self.running().group
