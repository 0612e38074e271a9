"""What all parts of the driver stand on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from virtloom.driver import DriverHost
from virtloom.driver.domains import DomainMetadata, KeptDomains
from virtloom.driver.handles import DomainHandle
from virtloom.driver.images.held import HeldImages
from virtloom.driver.links.networks import Networks
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, JobKind
from virtloom_lxc.container.monitor import Watch
from virtloom_lxc.container.places import Places
from virtloom_lxc.container.run import Run
from virtloom_lxc.domains.state import Container
from virtloom_lxc.domains.status import StatusFiles
from virtloom_lxc.object_types import DOMAIN
from virtloom_lxc.rules import RULES


class ContainersBase(KeptDomains[Container], DomainMetadata[Container]):
    """The collection of containers, and how a method reaches one.

    :param host: what the daemon gives to the plugin.
    """

    error_domain = ErrorDomain.LXC
    functions = "lxc"
    cannot = "Cannot"
    rules = RULES

    def __init__(self, host: DriverHost) -> None:
        super().__init__(host, DOMAIN, Container)
        self._watch = Watch()
        self._status = StatusFiles(host.dirs.runtime)
        self._networks = Networks(host)
        self._images = HeldImages(host)

    def _places(self, name: str) -> Places:
        return Places.of(self.host.dirs, name)

    def _run(self, dom: DomainHandle) -> Run:
        """The container that runs, to look at.

        :raises VirtError: NO_DOMAIN, or OPERATION_INVALID if it does not run.
        """
        with self._reading(dom) as state:
            return state.running()

    @contextmanager
    def _working(self, dom: DomainHandle) -> Iterator[tuple[Guarded[Container], Run]]:
        """A container that runs, to change what the kernel keeps of it: the job is held, and no lock."""
        found = self._find(dom)
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                run = state.running()
            yield found, run

    def _same(self, state: Container, run: Run) -> None:
        """Refuse to go on if a container ended while nobody held its lock.

        :raises VirtError: OPERATION_INVALID.
        """
        if state.run is not run:
            raise VirtError(ErrorCode.OPERATION_INVALID, "domain is not running", ErrorDomain.DOMAIN)

    def _save_status(self, found: Guarded[Container]) -> None:
        """Keep what is true of a container that runs, for a restarted daemon; the job is held, and no lock.

        What has changed has changed: a failure is logged.
        """
        try:
            self._write_status(found)
        except VirtError as error:
            self.host.log.error("the status of %s cannot be kept: %s", found.name, error)

    def _write_status(self, found: Guarded[Container]) -> None:
        """As `_save_status`, for who can take back what changed.

        :raises VirtError: SYSTEM_ERROR.
        """
        with found.locked() as state:
            if not state.active:
                return
            text = self._status.text(state)
            name = state.definition.name
        self._status.write(name, text)
