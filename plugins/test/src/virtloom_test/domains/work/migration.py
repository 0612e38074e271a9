"""Migration between two played hosts: all phases of the third version of the protocol, driven by the client.

Begin and perform run on the source, prepare and finish on the destination, confirm on the source again, as
`virDomainMigrateVersion3Full` calls them. Nothing passes between the hosts but what the client carries.
"""

from __future__ import annotations

from collections.abc import Sequence

from virtloom.driver.constants.domain_event import DomainEventResumedDetail as Resumed
from virtloom.driver.constants.domain_event import DomainEventStartedDetail as Started
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_event import DomainEventSuspendedDetail as Suspended
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_event import DomainEventUndefinedDetail as Undefined
from virtloom.driver.constants.domain_job import DomainMigrateFlags as Flags
from virtloom.driver.constants.domain_state import (
    DomainPausedReason,
    DomainRunningReason,
    DomainShutoffReason,
    DomainState,
)
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import ParamValue, TypedParam, string
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom_test.domains.life import Life
from virtloom_test.domains.state import TestDomain
from virtloom_test.domains.text import domain_text
from virtloom_test.time.progress import stats

FEATURES = frozenset({6, 11, 13})  # VIR_DRV_FEATURE_MIGRATION_V3, XML_MIGRATABLE, MIGRATION_PARAMS
NOT_PLAYED = Flags.PEER2PEER | Flags.TUNNELLED | Flags.OFFLINE | Flags.NON_SHARED_DISK | Flags.NON_SHARED_INC
COOKIE = b"virtloom-test"  # says to both sides that the other one is a played host too

Params = Sequence[TypedParam]


class Migration(Life):
    """The calls of a migration."""

    def domain_migrate_begin3_params(self, dom: DomainHandle, params: Params, flags: int) -> tuple[bytes, str]:
        """`virDomainMigrateBegin3Params`, on the source: what the destination is to make."""
        _check(flags)
        with self._changing(dom) as state:
            state.require_active()
            if state.outgoing:
                raise VirtError(ErrorCode.OPERATION_INVALID, "another migration of the domain is under way")
            state.outgoing = True
            text = str(_given(params).get("destination_xml") or domain_text(state.definition, -1, secure=True))
        return COOKIE, text

    def domain_migrate_prepare3_params(self, params: Params, cookie_in: bytes, flags: int) -> tuple[bytes, str]:
        """`virDomainMigratePrepare3Params`, on the destination: the domain is there, and waits."""
        _check(flags)
        _check_cookie(cookie_in)
        given = _given(params)
        definition = self.rules.parse(str(given["destination_xml"])).replace(id=None)
        if name := given.get("destination_name"):
            definition = definition.replace(name=str(name))
        handle = self.run(definition, DomainRunningReason.MIGRATED, Started.MIGRATED)
        with self._changing(handle) as state:
            state.state, state.reason = DomainState.PAUSED, DomainPausedReason.MIGRATION
            state.incoming = True
        return COOKIE, str(given.get("migrate_uri") or self.node.migration_uri)

    def domain_migrate_perform3_params(
        self, dom: DomainHandle, dconnuri: str | None, params: Params, cookie_in: bytes, flags: int
    ) -> bytes:
        """`virDomainMigratePerform3Params`, on the source: takes its time, and can be watched and aborted."""
        _check(flags)
        _check_cookie(cookie_in)
        found = self._find(dom)
        with found.job(JobKind.MIGRATE_OUT) as job:
            with found.locked() as state:
                state.require_active()
                total = (state.definition.memory or 0) * 1024
            self.stage.tempo.pass_time("migrate", job, total)
            with found.locked() as state:
                job.check()
                state.require_active()
                if state.state == DomainState.RUNNING:
                    state.state, state.reason = DomainState.PAUSED, DomainPausedReason.MIGRATION
                    self._lifecycle(state, Event.SUSPENDED, Suspended.MIGRATED)
                    state.resumes = True
                state.last_job = stats(job)
                found.publish(state.view())
        return COOKIE

    def domain_migrate_finish3_params(
        self, params: Params, cookie_in: bytes, flags: int, cancelled: int
    ) -> tuple[DomainHandle, bytes]:
        """`virDomainMigrateFinish3Params`, on the destination: the domain runs here, or is no more."""
        name = str(_given(params).get("destination_name") or "")
        found = self.domains.find_name(name)
        if found is None or not found.published.active:
            raise VirtError(ErrorCode.OPERATION_FAILED, f"domain '{name}' is not running")
        with self._ending(found.published.handle) as state:
            state.incoming = False
            if cancelled:
                state.end(DomainShutoffReason.FAILED)
                self._lifecycle(state, Event.STOPPED, Stopped.FAILED)
            else:
                self._arrive(state, flags)
            handle = state.handle
        if cancelled:
            raise VirtError(ErrorCode.OPERATION_FAILED, f"migration of domain '{name}' was cancelled")
        return handle, COOKIE

    def _arrive(self, state: TestDomain, flags: int) -> None:
        if flags & Flags.PERSIST_DEST:
            state.persistent = True
            state.next = state.definition
        if flags & Flags.PAUSED:
            state.reason = DomainPausedReason.USER
            return
        state.state, state.reason = DomainState.RUNNING, DomainRunningReason.MIGRATED
        self._lifecycle(state, Event.RESUMED, Resumed.MIGRATED)

    def domain_migrate_confirm3_params(
        self, dom: DomainHandle, params: Params, cookie_in: bytes, flags: int, cancelled: int
    ) -> None:
        """`virDomainMigrateConfirm3Params`, on the source: the domain is no more, or goes on."""
        with self._ending(dom) as state:
            state.outgoing = False
            resumes, state.resumes = state.resumes, False
            if cancelled and resumes and state.active:
                state.state, state.reason = DomainState.RUNNING, DomainRunningReason.MIGRATION_CANCELED
                self._lifecycle(state, Event.RESUMED, Resumed.MIGRATED)
            elif not cancelled and state.active:
                state.end(DomainShutoffReason.MIGRATED)
                self._lifecycle(state, Event.STOPPED, Stopped.MIGRATED)
                if flags & Flags.UNDEFINE_SOURCE and state.persistent:
                    self._lifecycle(state, Event.UNDEFINED, Undefined.REMOVED)
                    state.persistent = False

    # The same without typed parameters, which clients still use when they have none to give.

    def domain_migrate_begin3(
        self, dom: DomainHandle, xmlin: str | None, flags: int, dname: str | None, resource: int
    ) -> tuple[bytes, str]:
        """`virDomainMigrateBegin3`"""
        return self.domain_migrate_begin3_params(dom, _params(destination_xml=xmlin), flags)

    def domain_migrate_prepare3(
        self, cookie_in: bytes, uri_in: str | None, flags: int, dname: str | None, resource: int, dom_xml: str
    ) -> tuple[bytes, str]:
        """`virDomainMigratePrepare3`"""
        params = _params(destination_xml=dom_xml, destination_name=dname, migrate_uri=uri_in)
        return self.domain_migrate_prepare3_params(params, cookie_in, flags)

    def domain_migrate_perform3(
        self, dom: DomainHandle, xmlin: str | None, cookie_in: bytes, dconnuri: str | None, uri: str | None,
        flags: int, dname: str | None, resource: int,
    ) -> bytes:  # fmt: skip
        """`virDomainMigratePerform3`"""
        return self.domain_migrate_perform3_params(dom, dconnuri, (), cookie_in, flags)

    def domain_migrate_finish3(
        self, dname: str, cookie_in: bytes, dconnuri: str | None, uri: str | None, flags: int, cancelled: int
    ) -> tuple[DomainHandle, bytes]:
        """`virDomainMigrateFinish3`"""
        return self.domain_migrate_finish3_params(_params(destination_name=dname), cookie_in, flags, cancelled)

    def domain_migrate_confirm3(self, dom: DomainHandle, cookie_in: bytes, flags: int, cancelled: int) -> None:
        """`virDomainMigrateConfirm3`"""
        self.domain_migrate_confirm3_params(dom, (), cookie_in, flags, cancelled)

    # The speed, which is kept and has no effect: how long it takes is the test's to say.

    def domain_migrate_get_max_speed(self, dom: DomainHandle, flags: int) -> int:
        """`virDomainMigrateGetMaxSpeed`, in MiB/s."""
        with self._reading(dom) as state:
            return state.migrate_speed

    def domain_migrate_set_max_speed(self, dom: DomainHandle, bandwidth: int, flags: int) -> None:
        """`virDomainMigrateSetMaxSpeed`, in MiB/s."""
        with self._changing(dom) as state:
            state.migrate_speed = bandwidth

    def domain_migrate_get_max_downtime(self, dom: DomainHandle, flags: int) -> int:
        """`virDomainMigrateGetMaxDowntime`, in ms."""
        with self._reading(dom) as state:
            return state.migrate_downtime

    def domain_migrate_set_max_downtime(self, dom: DomainHandle, downtime: int, flags: int) -> None:
        """`virDomainMigrateSetMaxDowntime`, in ms."""
        with self._changing(dom) as state:
            state.migrate_downtime = downtime


def _given(params: Params) -> dict[str, ParamValue]:
    return {param.name: param.value for param in params}


def _params(**given: str | None) -> list[TypedParam]:
    return [string(name, value) for name, value in given.items() if value is not None]


def _check(flags: int) -> None:
    if flags & NOT_PLAYED:
        detail = f"migration flags 0x{flags & NOT_PLAYED:x} are not played by the test driver"
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)


def _check_cookie(cookie: bytes) -> None:
    if cookie != COOKIE:
        raise VirtError(ErrorCode.OPERATION_INVALID, "the other side of the migration is no host of the test driver")
