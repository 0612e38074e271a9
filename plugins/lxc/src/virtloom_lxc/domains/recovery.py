"""A daemon that starts: containers that run already are found again, and those that are to run are started."""

from __future__ import annotations

from virtloom.driver.cgroups import host_hierarchy
from virtloom.errors import VirtError
from virtloom_lxc.container import run
from virtloom_lxc.container.images import RUN, images
from virtloom_lxc.container.monitor import Monitor
from virtloom_lxc.container.run import FOUND_WITHIN, Run
from virtloom_lxc.domains.ending import Ending
from virtloom_lxc.domains.life import Life
from virtloom_lxc.domains.state import Container
from virtloom_lxc.domains.status import Status


class Recovery(Life, Ending):
    """What happens once, before the first call."""

    def recover(self) -> None:
        """Take up every container that a daemon before this one started; what ended meanwhile is cleaned away."""
        known = set()
        for name, status in list(self._status.load()):
            known.add(name)
            try:
                self._recover(name, status)
            except VirtError as error:
                self.host.log.error("container %s cannot be taken up again: %s", name, error)
        self._clean_unfinished(known)

    def _recover(self, name: str, status: Status) -> None:
        mine = self._reach(name, status)
        if mine is None:
            self._status.remove(name)
            return
        self._images.hold(status.definition, RUN, images(status.definition), running=True)
        report = mine.report

        def assign(state: Container) -> None:
            state.definition = status.definition
            state.start(report.init, status.reason)
            state.next = status.definition
            state.state, state.run, state.boots = status.state, mine, report.boots

        self._obtain(status.definition, assign)
        found = self.domains.find(status.definition.uuid)
        assert found is not None
        self._follow(found, mine)

    def _reach(self, name: str, status: Status) -> Run | None:
        """The run of a container, connected to its controller; None, and cleaned away, if it is over."""
        places = self._places(name)
        group = run.group_of(status.definition, host_hierarchy())
        try:
            monitor = Monitor(places.socket, places.ended)
        except OSError:
            run.clean(places, group, self._networks)
            return None
        self._watch.add(monitor)
        monitor.wait(lambda report: report.boots > 0 or report.ended is not None, FOUND_WITHIN)
        return Run(places, group, monitor)

    def _clean_unfinished(self, known: set[str]) -> None:
        """Undo starts that a crash of the daemon cut off: their containers were never shown to anybody."""
        folder = self._places("").lxcpath
        for place in sorted(folder.iterdir()) if folder.is_dir() else ():
            if place.name not in known:
                self.host.log.warning("the start of container %s was cut off; it is undone", place.name)
                run.clean_unfinished(self._places(place.name), host_hierarchy(), self._networks)
