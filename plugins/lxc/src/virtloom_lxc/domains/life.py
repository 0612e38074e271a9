"""A container's life: started, paused, asked to stop, ended."""

from __future__ import annotations

import signal
import time
from contextlib import suppress

from virtloom.driver.cgroups import host_hierarchy
from virtloom.driver.constants.domain import DomainCreateFlags
from virtloom.driver.constants.domain_event import DomainEventResumedDetail as Resumed
from virtloom.driver.constants.domain_event import DomainEventStartedDetail as Started
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_event import DomainEventSuspendedDetail as Suspended
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_state import (
    DomainPausedReason,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
)
from virtloom.driver.context import current
from virtloom.driver.domains.base import refuse_other
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, JobKind, ObjectGone
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.container import limits, run
from virtloom_lxc.container.images import RUN, images
from virtloom_lxc.container.processes import held
from virtloom_lxc.container.root import rootfs
from virtloom_lxc.container.root.init import check_init
from virtloom_lxc.container.run import Around, Run
from virtloom_lxc.domains.ending import Ending
from virtloom_lxc.domains.sharing import Sharing
from virtloom_lxc.domains.state import Container
from virtloom_lxc.links import checking
from virtloom_lxc.rules import security_model

FREEZE_WITHIN = 1.0  # s, as libvirt waits


class Life(Ending, Sharing):
    """The calls that start, pause and stop containers."""

    # Starting.

    def domain_create_xml(self, xml_desc: str, flags: int) -> DomainHandle:
        """`virDomainCreateXML`: a transient container, or a run of one that is kept."""
        allowed = DomainCreateFlags.START_AUTODESTROY | DomainCreateFlags.START_VALIDATE
        self._check_flags(flags, allowed, "DomainCreateXMLWithFiles")
        definition = self.rules.parse(xml_desc).replace(id=None)
        while True:
            found = self._place(definition)
            try:
                with found.job(JobKind.START):
                    with found.locked() as state:
                        refuse_other(state, definition, inactive=True)
                    return self._start(found, definition, flags)
            except ObjectGone:
                self.domains.remove(found)  # it went between the look-up and the job: make it anew

    def domain_create_with_flags(self, dom: DomainHandle, flags: int) -> DomainHandle:
        """`virDomainCreateWithFlags`"""
        self._check_flags(flags, DomainCreateFlags.START_AUTODESTROY, "DomainCreateWithFiles")
        found = self._find(dom)
        with found.job(JobKind.START):
            with found.locked() as state:
                if state.active:
                    raise VirtError(ErrorCode.OPERATION_INVALID, "Domain is already running")
                definition = state.definition
            return self._start(found, definition, flags)

    def _start(self, found: Guarded[Container], definition: Domain, flags: int) -> DomainHandle:
        """Start a container whose START job is held."""
        try:
            self._check_first(definition)
        except BaseException:
            self._forget_unused(found)
            raise
        try:
            self._check(definition)
            places = self._places(definition.name)
            with self.host.waiting("the start of the container"):
                self._images.hold(definition, RUN, images(definition))
                with self._shared(definition) as shared:
                    around = Around(self._networks, shared, self.host.config["lxcfs"], self._watch.add)
                    started = run.start(definition, places, around)
        except BaseException:
            self._images.let_go(definition, RUN)
            self._show_failed(found)
            self._forget_unused(found)
            raise
        with found.locked() as state:
            kept = state.definition
            state.definition = started.definition
            state.start(started.run.report.init, DomainRunningReason.BOOTED)
            state.next = kept if state.persistent else definition
            state.run, state.boots, state.asked_to_die = started.run, 1, False
            found.publish(state.view())
            self._lifecycle(state, Event.STARTED, Started.BOOTED)
            handle = state.handle
        try:
            self._write_status(found)
        except BaseException:  # the next daemon would take it for a start that was cut off, and end it
            self._give_up(found, started)
            raise
        if flags & DomainCreateFlags.START_AUTODESTROY:
            self._destroy_with_client(found, started.run)
        self._follow(found, started.run)
        return handle

    def _give_up(self, found: Guarded[Container], started: run.Started) -> None:
        """End a container that has just begun."""
        with self.host.waiting("the end of the container", must=True):
            _end(started.run, started.run.report.init)
            self._clean(started.definition, started.run)
        self._finish(found, started.run, DomainShutoffReason.FAILED, Stopped.FAILED)

    def _show_failed(self, found: Guarded[Container]) -> None:
        """Say why a container does not run: its start failed."""
        with found.locked() as state:
            state.reason = DomainShutoffReason.FAILED
            found.publish(state.view())

    def _check_first(self, definition: Domain) -> None:
        """Refuse what is no container that could run on this host; this is no failed start yet, as in libvirt.

        :raises VirtError: CONFIG_UNSUPPORTED, or INTERNAL_ERROR for a host without the control groups.
        """
        if self.host.config["require_limits"]:
            limits.require(definition, host_hierarchy())
        if not definition.parts.consoles:
            raise _unsupported("At least one PTY console is required")
        if any(one.type != "pty" for one in definition.parts.consoles):
            raise _unsupported("Only PTY console types are supported")

    def _check(self, definition: Domain) -> None:
        """Refuse what cannot start, before anything is made for it.

        :raises VirtError: each mistake in words that say what to do.
        """
        _check_labels(definition)
        rootfs.check_roots(definition, allow_host_root=self.host.config["allow_host_root"])
        if (root := rootfs.folder(definition)) is not None:
            check_init(definition, root)
        run.check_partition(definition, host_hierarchy())
        checking.check(definition, self._networks)

    def _destroy_with_client(self, found: Guarded[Container], mine: Run) -> None:
        """Destroy a container when the client goes that started it (`VIR_DOMAIN_START_AUTODESTROY`)."""
        current().connection.on_close(found.key, lambda: self._destroy(found, mine))

    # Pausing.

    def domain_suspend(self, dom: DomainHandle) -> None:
        """`virDomainSuspend`: the freezer stops all processes."""
        with self._working(dom) as (found, mine):
            with found.locked() as state:
                if state.state == DomainState.PAUSED:
                    return
            with self.host.waiting("the freezer"):
                frozen = mine.group.freeze(True, FREEZE_WITHIN)
                if not frozen:
                    mine.group.freeze(False, FREEZE_WITHIN)
            if not frozen:
                raise VirtError(ErrorCode.OPERATION_FAILED, "Suspend operation failed")
            with found.locked() as state:
                self._same(state, mine)
                state.state, state.reason = DomainState.PAUSED, DomainPausedReason.USER
                found.publish(state.view())
                self._lifecycle(state, Event.SUSPENDED, Suspended.PAUSED)
            self._save_status(found)

    def domain_resume(self, dom: DomainHandle) -> None:
        """`virDomainResume`"""
        with self._working(dom) as (found, mine):
            with found.locked() as state:
                if state.state == DomainState.RUNNING:
                    raise VirtError(ErrorCode.OPERATION_INVALID, "domain is already running")
            if not mine.group.freeze(False, FREEZE_WITHIN):
                raise VirtError(ErrorCode.OPERATION_FAILED, "Resume operation failed")
            with found.locked() as state:
                self._same(state, mine)
                state.state, state.reason = DomainState.RUNNING, DomainRunningReason.UNPAUSED
                found.publish(state.view())
                self._lifecycle(state, Event.RESUMED, Resumed.UNPAUSED)
            self._save_status(found)

    # Ending by force.

    def domain_destroy_flags(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainDestroyFlags`"""
        self._check_flags(flags, 0, "DomainDestroyFlags")
        found = self._find(dom)
        with found.locked() as state:
            mine = state.running()
        self._destroy(found, mine)

    def _destroy(self, found: Guarded[Container], mine: Run) -> None:
        """Kill a run and remove what is left of it; nothing if it ended meanwhile."""
        with found.job(JobKind.DESTROY):
            with found.locked() as state:
                self._same(state, mine)
                state.asked_to_die = True
                init, definition = state.id, state.definition
            with self.host.waiting("the end of the container", must=True):
                with suppress(VirtError):  # it is gone already
                    mine.group.freeze(False, 0)
                _end(mine, init)
                self._clean(definition, mine)
            self._finish(found, mine, DomainShutoffReason.DESTROYED, Stopped.DESTROYED)


def _end(mine: Run, init: int) -> None:
    """Kill init, and the next one if the container was booting again just then; returns when it ended, or in vain."""
    deadline = time.monotonic() + run.END_WITHIN
    while True:
        with suppress(ProcessLookupError), held(init, mine.group) as process:
            process.send(signal.SIGKILL)
        left, killed = max(deadline - time.monotonic(), 0), init
        mine.monitor.wait(lambda report: report.ended is not None or report.init != killed, left)  # noqa: B023
        report = mine.report
        if report.ended is not None or report.init == killed:
            return
        init = report.init


def _check_labels(definition: Domain) -> None:
    """Refuse labels of a security model that this host does not confine by (`virSecurityManagerCheckModel`)."""
    for label in definition.seclabel:
        model = label.get("model")
        if label.get("type") != "none" and model not in (security_model(), None):
            raise _unsupported(f"Security driver model '{model}' is not available")


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
