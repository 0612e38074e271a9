"""A domain's life: started, paused, continued, ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import NamedTuple

from virtloom.driver import context
from virtloom.driver.constants.domain import DomainCreateFlags as Create
from virtloom.driver.constants.domain import DomainDestroyFlags as Destroy
from virtloom.driver.constants.domain_event import DomainEventStartedDetail as Started
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_event import DomainEventSuspendedDetail as Suspended
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_state import DomainCrashedReason as Crashed
from virtloom.driver.constants.domain_state import DomainPausedReason as Paused
from virtloom.driver.constants.domain_state import DomainRunningReason as Running
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.domains.base import refuse_other
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, Job, JobKind, LockError, ObjectGone
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.domains.definitions import Definitions, invalid
from virtloom_qemu.runs.phases.beginning import Start
from virtloom_qemu.runs.phases.reconnecting import Reconnecting
from virtloom_qemu.runs.state import QemuDomain, Run
from virtloom_qemu.runs.talk import Talk

CREATE_XML_FLAGS = Create.START_PAUSED | Create.START_AUTODESTROY | Create.START_VALIDATE | Create.START_RESET_NVRAM
START_FLAGS = CREATE_XML_FLAGS & ~Create.START_VALIDATE | Create.START_BYPASS_CACHE | Create.START_FORCE_BOOT


class Beginnings(NamedTuple):
    """How a start is told.

    :ivar reason: why the processors run; :ivar paused: why they do not.
    :ivar started: suspended: the details of the events.
    :ivar boots: whether it is told that they go on before it is told that the guest has started.
    """

    reason: int
    paused: int
    started: int
    suspended: int
    boots: bool = False


BOOTED = Beginnings(Running.BOOTED, Paused.USER, Started.BOOTED, Suspended.PAUSED, boots=True)
RESTORED = Beginnings(Running.RESTORED, Paused.MIGRATION, Started.RESTORED, Suspended.RESTORED)


class Life(Reconnecting, Definitions):
    """The calls that start and stop domains."""

    # Starting.

    def domain_create_with_flags(self, dom: DomainHandle, flags: int) -> DomainHandle:
        """`virDomainCreateWithFlags`"""
        self._check_flags(flags, START_FLAGS, "DomainCreateWithFlags")
        found = self._find(dom)
        with found.job(JobKind.START) as job:
            with found.locked() as state:
                if state.active:
                    raise invalid("domain is already running")
                definition = state.definition
            self._start(found, job, definition, flags)
            return self._view(dom).handle

    def domain_create_xml(self, xml_desc: str, flags: int) -> DomainHandle:
        """`virDomainCreateXML`: a transient domain, or a run of one that is kept."""
        self._check_flags(flags, CREATE_XML_FLAGS, "DomainCreateXML")
        definition = self.rules.parse(xml_desc).replace(id=None)
        with self._starting(definition) as (found, job):
            self._start(found, job, definition, flags)
            with found.locked() as state:
                return state.handle

    @contextmanager
    def _starting(self, definition: Domain) -> Iterator[tuple[Guarded[QemuDomain], Job]]:
        """The domain of a definition, made if there is none, in a START job for the block.

        :raises VirtError: if it runs, or another domain has its name or uuid.
        """
        with ExitStack() as stack:
            while True:
                found = self._place(definition)
                try:
                    job = stack.enter_context(found.job(JobKind.START))
                except ObjectGone:
                    self.domains.remove(found)  # it went between the look-up and the job: make it anew
                    continue
                break
            try:
                with found.locked() as state:
                    refuse_other(state, definition, inactive=True)
            except VirtError:
                self._forget_unused(found)
                raise
            yield found, job

    def _start(self, found: Guarded[QemuDomain], job: Job, definition: Domain, flags: int) -> None:
        """Start a domain that does not run, in its START job."""
        how = Start(reset_nvram=bool(flags & Create.START_RESET_NVRAM), cold=True)
        talk = self._begin(found, job, definition, how)
        self._set_going(
            talk, paused=bool(flags & Create.START_PAUSED), autodestroy=bool(flags & Create.START_AUTODESTROY)
        )

    def _set_going(self, talk: Talk, *, paused: bool, autodestroy: bool = False, how: Beginnings = BOOTED) -> None:
        """Finish a start: the processors go on or not, and everybody learns of it."""
        try:
            if not paused and how.boots:
                self._go_on(talk, how.reason)
            with talk.state() as state:
                self._lifecycle(state, Event.STARTED, how.started)
                if paused:
                    state.reason = how.paused
                    self._lifecycle(state, Event.SUSPENDED, how.suspended)
                state.status_version += 1
            if not paused and not how.boots:
                self._go_on(talk, how.reason)
        except BaseException:
            self._end(talk.found, talk.run, Shutoff.FAILED, None)
            raise
        self._keep_status(talk.found)
        if autodestroy:
            self._end_with_connection(talk.found, talk.run)
        talk.run.worker.start()

    def _end_with_connection(self, found: Guarded[QemuDomain], run: Run) -> None:
        """Have a run end with the connection that started it (`VIR_DOMAIN_START_AUTODESTROY`)."""

        def end() -> None:
            with suppress(ObjectGone):
                self._destroy(found, run, force=True)

        context.current().connection.on_close(("qemu autodestroy", found.key, run.id), end)

    # Pausing.

    def domain_suspend(self, dom: DomainHandle) -> None:
        """`virDomainSuspend`"""
        with self._talking(dom, JobKind.SUSPEND) as talk:
            with talk.found.locked() as state:
                if state.state == DomainState.PMSUSPENDED:
                    raise invalid("domain is pmsuspended")
                if state.state == DomainState.PAUSED:
                    return
            self._hold(talk, Paused.USER)
        self._keep_status(talk.found)

    def domain_resume(self, dom: DomainHandle) -> None:
        """`virDomainResume`"""
        with self._talking(dom, JobKind.MODIFY) as talk:
            with talk.found.locked() as state:
                now, reason = state.state, state.reason
            if now == DomainState.PMSUSPENDED:
                raise invalid("domain is pmsuspended")
            if now == DomainState.RUNNING:
                raise invalid("domain is already running")
            if now == DomainState.PAUSED or (now == DomainState.CRASHED and reason == Crashed.PANICKED):
                self._go_on(talk, Running.UNPAUSED)
        self._keep_status(talk.found)

    # Ending.

    def domain_destroy_flags(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainDestroyFlags`: the process is ended first, so that whoever waits for its monitor lets go."""
        self._check_flags(flags, Destroy.GRACEFUL | Destroy.REMOVE_LOGS, "DomainDestroyFlags")
        found = self._find(dom)
        with found.locked() as state:
            state.require_active()
            run = state.run
        assert run is not None
        self._destroy(found, run, force=not flags & Destroy.GRACEFUL)
        if flags & Destroy.REMOVE_LOGS:
            run.paths.log.unlink(missing_ok=True)

    def _destroy(self, found: Guarded[QemuDomain], run: Run, *, force: bool) -> None:
        with found.locked() as state:
            if state.run is not run:
                return
            state.ending = True
            state.fake_reboot = False
        run.worker.start()
        try:
            with self.host.waiting(f"the end of process {run.process.pid}", must=True):
                ended = run.process.end(force=force)
            if not ended:
                raise VirtError(
                    ErrorCode.SYSTEM_ERROR if force else ErrorCode.OPERATION_FAILED,
                    f"Failed to terminate process {run.process.pid} with {'SIGKILL' if force else 'SIGTERM'}: "
                    "Device or resource busy",
                    verbatim=force,
                )
        except BaseException:
            with found.locked() as state:
                state.ending = False  # so that its end is noticed, whenever it comes
            raise
        with suppress(ObjectGone), found.job(JobKind.DESTROY, killing="the guest was destroyed"):
            self._end(found, run, Shutoff.DESTROYED, Stopped.DESTROYED)

    def stop(self) -> None:
        """The daemon stops: guests keep running, and the next daemon finds them by their status files."""
        for found in self.domains:
            run = None
            with suppress(LockError), found.locked() as state:
                run = state.run
                if run is not None:
                    state.ending = True
            if run is not None:
                run.monitor.close("the daemon stops")
