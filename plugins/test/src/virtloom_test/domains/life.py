"""A domain's life: defined, started, paused, stopped, renamed, forgotten."""

from __future__ import annotations

from virtloom.driver import NameTaken
from virtloom.driver.constants.domain import (
    DomainCreateFlags,
    DomainDefineFlags,
    DomainDestroyFlags,
    DomainRebootFlag,
    DomainUndefineFlags,
)
from virtloom.driver.constants.domain_event import DomainEventDefinedDetail as Defined
from virtloom.driver.constants.domain_event import DomainEventResumedDetail as Resumed
from virtloom.driver.constants.domain_event import DomainEventStartedDetail as Started
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_event import DomainEventSuspendedDetail as Suspended
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_event import DomainEventUndefinedDetail as Undefined
from virtloom.driver.constants.domain_state import (
    DomainPausedReason,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
)
from virtloom.driver.domains.moments import Moments
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import JobKind
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.iothreads import thread_ids
from virtloom_test.domains.base import DomainsBase
from virtloom_test.domains.iothreads import POLLING
from virtloom_test.domains.state import TestDomain

REBOOT_FLAGS = (
    DomainRebootFlag.ACPI_POWER_BTN
    | DomainRebootFlag.GUEST_AGENT
    | DomainRebootFlag.INITCTL
    | DomainRebootFlag.SIGNAL
    | DomainRebootFlag.PARAVIRT
)
# What becomes of a guest that ends by itself, by the definition's word for it: the state and its reason.
ENDINGS = {
    "destroy": (DomainState.SHUTOFF, DomainShutoffReason.DESTROYED),
    "restart": (DomainState.RUNNING, DomainRunningReason.BOOTED),
    "preserve": (DomainState.SHUTOFF, DomainShutoffReason.SHUTDOWN),
    "rename-restart": (DomainState.RUNNING, DomainRunningReason.BOOTED),
}


class Life(DomainsBase):
    """The calls that make, run, stop and remove domains."""

    # Defining.

    def domain_define_xml_flags(self, xml: str, flags: int) -> DomainHandle:
        """`virDomainDefineXMLFlags`"""
        check_flags(flags, DomainDefineFlags.VALIDATE, "testDomainDefineXMLFlags")
        return self.define(self.rules.parse(xml).replace(id=None))

    def define(self, definition: Domain) -> DomainHandle:
        """Keep a definition, of a new domain or of one that there is."""

        def assign(state: TestDomain) -> None:
            detail = Defined.UPDATED if state.persistent else Defined.ADDED
            state.set_config(definition)
            state.persistent = True
            self._lifecycle(state, Event.DEFINED, detail)

        return self._obtain(definition, assign)

    def domain_undefine_flags(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainUndefineFlags`"""
        allowed = DomainUndefineFlags.MANAGED_SAVE | DomainUndefineFlags.SNAPSHOTS_METADATA
        check_flags(flags, allowed, "testDomainUndefineFlags")
        with self._ending(dom) as state:
            if state.managed_save and not flags & DomainUndefineFlags.MANAGED_SAVE:
                detail = "Refusing to undefine while domain managed save image exists"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail)
            if not state.active and state.snapshots and not flags & DomainUndefineFlags.SNAPSHOTS_METADATA:
                detail = f"cannot delete inactive domain with {len(state.snapshots)} snapshots"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail)
            self._lifecycle(state, Event.UNDEFINED, Undefined.REMOVED)
            state.managed_save = False
            state.persistent = False

    def domain_rename(self, dom: DomainHandle, new_name: str, flags: int) -> None:
        """`virDomainRename`: nobody else can take either name until it is done."""
        found = self._find(dom)
        with found.changing() as state:
            self._refuse_rename(state, new_name)
        try:
            with self.domains.renaming(found, new_name):
                check_flags(flags, 0, "testDomainRenameCallback")
                with found.changing() as state:
                    self._refuse_rename(state, new_name)
                    self._lifecycle(state, Event.UNDEFINED, Undefined.RENAMED)
                    state.definition = state.definition.replace(name=new_name)
                    self._lifecycle(state, Event.DEFINED, Defined.RENAMED)
                    found.publish(state.view())
        except NameTaken:
            detail = f"domain with name '{new_name}' already exists"
            raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.DOMAIN) from None

    def _refuse_rename(self, state: TestDomain, new_name: str) -> None:
        """What `virDomainRename` refuses; in libvirt some of it before the driver is asked."""
        if state.active:
            raise VirtError(ErrorCode.OPERATION_INVALID, "cannot rename active domain", ErrorDomain.DOMAIN)
        if not state.persistent:
            raise VirtError(ErrorCode.OPERATION_INVALID, "cannot rename a transient domain", ErrorDomain.DOMAIN)
        if state.definition.name == new_name:
            detail = f"domain '{new_name}' already has name '{new_name}'"
            raise VirtError(
                ErrorCode.OPERATION_INVALID, "Can't rename domain to itself", ErrorDomain.DOMAIN, hint=detail
            )
        if "/" in new_name:
            raise VirtError(ErrorCode.XML_ERROR, f"name {new_name} cannot contain '/'")

    # Starting.

    def domain_create_xml(self, xml_desc: str, flags: int) -> DomainHandle:
        """`virDomainCreateXML`: a transient domain, or a run of one that is kept."""
        check_flags(flags, DomainCreateFlags.START_VALIDATE, "testDomainCreateXML")
        return self.run(self.rules.parse(xml_desc).replace(id=None), DomainRunningReason.BOOTED, Started.BOOTED)

    def domain_create_xml_with_files(self, xml_desc: str, flags: int) -> DomainHandle:
        """`virDomainCreateXMLWithFiles`: no guest of these has use for the files."""
        return self.domain_create_xml(xml_desc, flags)

    def run(self, definition: Domain, reason: int, detail: int) -> DomainHandle:
        """Run a definition, of a new domain or as one run of a domain that is kept."""

        def assign(state: TestDomain) -> None:
            kept = state.definition
            state.definition = definition
            state.start(next(self._ids), reason)
            if state.persistent:
                state.next = kept
            self._lifecycle(state, Event.STARTED, detail)

        return self._obtain(definition, assign, inactive=True)

    def domain_create_with_flags(self, dom: DomainHandle, flags: int) -> DomainHandle:
        """`virDomainCreateWithFlags`"""
        check_flags(flags, 0, "testDomainCreateWithFlags")
        self._spend(dom, JobKind.START, "start")
        with self._changing(dom) as state:
            if state.state != DomainState.SHUTOFF:
                raise VirtError(ErrorCode.INTERNAL_ERROR, f"Domain '{dom.name}' is already running")
            state.start(next(self._ids), DomainRunningReason.BOOTED)
            self._lifecycle(state, Event.STARTED, Started.BOOTED)
            return state.handle

    def put(
        self,
        definition: Domain,
        run_state: int,
        *,
        kept: bool = True,
        saved: bool = False,
        snapshots: Moments | None = None,
    ) -> None:
        """Put in a domain in the state that it has from the start, telling nobody.

        :param kept: whether it is persistent; :param saved: whether it has a managed save image.
        """

        def assign(state: TestDomain) -> None:
            state.set_config(definition)
            if run_state != DomainState.SHUTOFF:
                state.start(next(self._ids), DomainRunningReason.UNKNOWN)
                state.state = run_state
            state.iothreads = dict.fromkeys(thread_ids(definition), POLLING)
            state.persistent = kept
            state.managed_save = saved
            state.snapshots = snapshots or state.snapshots

        self._obtain(definition, assign)

    # Pausing and stopping.

    def domain_suspend(self, dom: DomainHandle) -> None:
        """`virDomainSuspend`"""
        with self._changing(dom) as state:
            if state.state in (DomainState.SHUTOFF, DomainState.PAUSED):
                raise VirtError(ErrorCode.INTERNAL_ERROR, f"domain '{dom.name}' not running")
            state.state, state.reason = DomainState.PAUSED, DomainPausedReason.USER
            self._lifecycle(state, Event.SUSPENDED, Suspended.PAUSED)

    def domain_resume(self, dom: DomainHandle) -> None:
        """`virDomainResume`"""
        with self._changing(dom) as state:
            if state.state != DomainState.PAUSED:
                raise VirtError(ErrorCode.INTERNAL_ERROR, f"domain '{dom.name}' not paused")
            state.state, state.reason = DomainState.RUNNING, DomainRunningReason.UNPAUSED
            self._lifecycle(state, Event.RESUMED, Resumed.UNPAUSED)

    def domain_shutdown_flags(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainShutdownFlags`"""
        check_flags(flags, 0, "testDomainShutdownFlags")
        self._find(dom)
        self.stage.tempo.pass_time("shutdown")
        with self._ending(dom) as state:
            if state.state == DomainState.SHUTOFF:
                raise VirtError(ErrorCode.INTERNAL_ERROR, f"domain '{dom.name}' not running")
            self._finish(state, state.definition.on_poweroff)

    def domain_reboot(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainReboot`"""
        check_flags(flags, REBOOT_FLAGS, "testDomainReboot")
        with self._ending(dom) as state:
            state.require_active()
            self._finish(state, state.definition.on_reboot)

    def _finish(self, state: TestDomain, action: str) -> None:
        """The guest ended by itself; the definition says what comes of it (`testDomainActionSetState`)."""
        state.state, state.reason = ENDINGS.get(action, ENDINGS["preserve"])
        if state.state == DomainState.SHUTOFF:
            state.end(DomainShutoffReason.SHUTDOWN)
            self._lifecycle(state, Event.STOPPED, Stopped.SHUTDOWN)

    def domain_reset(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainReset`: a test domain comes up as it was."""
        check_flags(flags, 0, "testDomainReset")
        with self._reading(dom) as state:
            state.require_active()

    def domain_destroy_flags(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainDestroyFlags`"""
        check_flags(flags, DomainDestroyFlags.GRACEFUL, "testDomainDestroyFlags")
        with self._ending(dom, "the guest was destroyed") as state:
            state.require_active()
            state.end(DomainShutoffReason.DESTROYED)
            self._lifecycle(state, Event.STOPPED, Stopped.DESTROYED)

    def crash(self, name: str) -> None:
        """Let a guest crash, and do what its definition says of that; nothing happens if it does not run."""
        found = self.domains.find_name(name)
        if found is None or not found.published.active:
            return
        with self._ending(found.published.handle, "the guest crashed") as state:
            if not state.active:
                return
            state.end(DomainShutoffReason.CRASHED)
            self._lifecycle(state, Event.STOPPED, Stopped.CRASHED)
            if state.definition.on_crash in ("restart", "rename-restart", "coredump-restart"):
                state.start(next(self._ids), DomainRunningReason.CRASHED)
                self._lifecycle(state, Event.STARTED, Started.BOOTED)

    # Being started with the host.

    def domain_set_autostart(self, dom: DomainHandle, autostart: int) -> None:
        """`virDomainSetAutostart`"""
        with self._changing(dom) as state:
            state.autostart = bool(autostart)

    def domain_set_lifecycle_action(self, dom: DomainHandle, type: int, action: int, flags: int) -> None:
        """`virDomainSetLifecycleAction`"""
        check_flags(flags, 3, "testDomainSetLifecycleAction")
        if type >= len(LIFECYCLES) or action >= len(ACTIONS):
            raise VirtError(ErrorCode.INVALID_ARG, f"invalid lifecycle type '{type}' or action '{action}'")
        field, word = LIFECYCLES[type], ACTIONS[action]
        if field != "on_crash" and word.startswith("coredump"):
            detail = f"Lifecycle event '{field.removeprefix('on_')}' doesn't support '{word}' action"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)
        with self._changing(dom) as state:
            state.change(flags, **{field: word})


LIFECYCLES = ("on_poweroff", "on_reboot", "on_crash")
ACTIONS = ("destroy", "restart", "rename-restart", "preserve", "coredump-destroy", "coredump-restart")
