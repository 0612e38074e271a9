"""Changes of a definition, of the container that runs, or of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.handles import DomainHandle
from virtloom.errors import VirtError
from virtloom.locks import Guarded, JobKind
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.container.run import Run
from virtloom_lxc.domains.base import ContainersBase
from virtloom_lxc.domains.state import Container

BOTH = Impact.LIVE | Impact.CONFIG

Changed = Callable[[Domain], Domain]
Live = Callable[[Run, Domain], Changed | None]


class Changing(ContainersBase):
    """How the calls that tune containers and change their devices do it."""

    @contextmanager
    def _changing(self, dom: DomainHandle) -> Iterator[Container]:
        """As all drivers do it, and what is kept of a container that runs follows too."""
        found = self._find(dom)
        with super()._changing(dom) as state:
            yield state
        with found.job(JobKind.MODIFY):
            self._save_status(found)

    def _change(self, dom: DomainHandle, flags: int, changed: Changed, live: Live) -> None:
        """Change the definitions that the flags choose; the job is held throughout, and no lock while anything sleeps.

        :param changed: makes the definition of the next start.
        :param live: changes the container that runs, given its definition, with no lock held; what it returns makes
            the definition of this run, unless that is `changed` too.
        :raises VirtError: what either raises; if the container's change succeeded and the other one fails, it stays.
        """
        found = self._find(dom)
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                chosen = state.impact(flags)
                run = state.running() if chosen & Impact.LIVE else None
                definition, config = state.definition, state.config
            kept = changed(config) if chosen & Impact.CONFIG else None
            running = None
            if run is not None:
                with self.host.waiting("the change of the running container"):
                    running = (live(run, definition) or changed)(definition)
            self._keep(found, run, running, kept)

    def _keep(self, found: Guarded[Container], run: Run | None, running: Domain | None, kept: Domain | None) -> None:
        failure = None
        if kept is not None:
            try:
                self.write_definition(kept)
            except VirtError as error:
                failure, kept = error, None
        with found.locked() as state:
            if run is not None:
                self._same(state, run)
            if running is not None:
                state.definition = running
            if kept is not None:
                state.set_config(kept)
            found.publish(state.view())
        self._save_status(found)
        if failure is not None:
            raise failure
