"""What guests tell by themselves: one method for each event of a monitor, run by the guest's worker with no lock held.

A method takes the domain's lock for what it changes, and a job where it has to talk to the monitor. Every event is also
handed on as it is to clients that asked for a monitor's events.
"""

from __future__ import annotations

import json
import signal
import socket
from contextlib import suppress
from typing import Any, ClassVar

from virtloom.driver import EventFamily
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.constants.domain_event import DomainEventShutdownDetail as Shutdown
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_state import DomainRunningReason as Running
from virtloom.driver.constants.domain_state import DomainShutdownReason, DomainState
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.errors import VirtError
from virtloom.locks import Guarded, JobKind, LockError, ObjectGone
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.agent import AgentLine
from virtloom_qemu.monitor import EventWorker, Monitor, MonitorEvent
from virtloom_qemu.process import GuestPaths, GuestProcess
from virtloom_qemu.process.counters import PerfCounters
from virtloom_qemu.runs.given.groups import GuestGroups
from virtloom_qemu.runs.given.opened import OpenedImages
from virtloom_qemu.runs.happening.blockjobs import BlockJobEvents
from virtloom_qemu.runs.happening.changes import ChangeEvents
from virtloom_qemu.runs.happening.channels import ChannelEvents
from virtloom_qemu.runs.happening.troubles import TroubleEvents
from virtloom_qemu.runs.state import Happening, QemuDomain, Run
from virtloom_qemu.runs.talk import Talk


class Happenings(BlockJobEvents, ChannelEvents, ChangeEvents, TroubleEvents):
    """Dealing with what guests tell.

    :cvar handlers: the method for each event; a part of the driver that deals with more names its own.
    """

    handlers: ClassVar[dict[str, str]] = {
        "STOP": "_on_processors",
        "RESUME": "_on_processors",
        "SHUTDOWN": "_on_shutdown",
        "RESET": "_on_reset",
        "JOB_STATUS_CHANGE": "_on_job_status",
        "VSERPORT_CHANGE": "_on_port",
    }

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        parts = (part.__dict__.get("handlers", {}) for part in reversed(cls.__mro__))
        cls.handlers = {event: method for handlers in parts for event, method in handlers.items()}

    def _make_run(
        self,
        found: Guarded[QemuDomain],
        number: int,
        process: GuestProcess,
        paths: GuestPaths,
        sock: socket.socket,
        live: Domain,
        groups: GuestGroups | None,
    ) -> Run:
        """A run on a monitor that was connected to; what it tells is kept until its worker is started."""
        worker: EventWorker[Happening] = EventWorker(
            live.name, self.host.locks, lambda one: self._deal_with(found, one)
        )
        monitor = Monitor(
            sock,
            live.name,
            self.host.locks,
            on_event=lambda event: worker.put(Happening(event)),
            on_end=lambda reason, broken: worker.put(Happening(None, reason, broken), always=True),
            waiting=self.host.waiting,
            around=OpenedImages(self._ownership(live, groups), live).around,
        )
        agent, counters = AgentLine(self.host.locks), PerfCounters(process.pid, self.host.locks)
        return Run(number, process, paths, monitor, worker, agent, counters, groups)

    def _deal_with(self, found: Guarded[QemuDomain], happening: Happening) -> None:
        with found.locked() as state:
            run, handle = state.run, state.handle
        if run is None:
            return
        event = happening.event
        if event is None:
            self._on_end(found, run, happening)
            return
        payload = (
            event.name,
            event.seconds,
            event.microseconds,
            json.dumps(event.data, separators=(",", ":")) if event.data else None,
        )
        self._source.emit(EventFamily.QEMU_MONITOR, 0, handle, payload)
        name = self.handlers.get(event.name)
        if name is not None:
            getattr(self, name)(found, run, event)

    # The end of the monitor.

    def _on_end(self, found: Guarded[QemuDomain], run: Run, happening: Happening) -> None:
        """The process ended, or its monitor broke."""
        if happening.broken and run.process.alive():
            with found.locked() as state:
                state.failure = happening.reason
                self._emit(DomainEventID.CONTROL_ERROR, state.handle)
            return
        with found.locked() as state:
            if state.run is not run or state.ending:
                return
        with found.job(JobKind.DESTROY, killing="the guest's process ended"):
            with found.locked() as state:
                told = state.state == DomainState.SHUTDOWN
            reason, detail = (Shutoff.SHUTDOWN, Stopped.SHUTDOWN) if told else (Shutoff.CRASHED, Stopped.FAILED)
            self._end(found, run, reason, detail)

    # The processors.

    def _on_processors(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        with found.locked() as state:
            if state.run is run:
                self._follow(state)
                found.publish(state.view())
        self._keep_status(found)

    # Shutdown and reset.

    def _on_shutdown(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """The guest switched itself off, or was told to: its run ends, or it reboots (`qemuProcessHandleShutdown`)."""
        by_guest = event.data.get("guest")
        detail = Shutdown.FINISHED if by_guest is None else Shutdown.GUEST if by_guest else Shutdown.HOST
        with found.locked() as state:
            if state.run is not run or state.state == DomainState.SHUTDOWN:
                return
            again = state.fake_reboot or state.definition.on_poweroff == "restart"
            if again:
                state.paused_by_shutdown = True
            else:
                state.state, state.reason = DomainState.SHUTDOWN, DomainShutdownReason.UNKNOWN
                self._lifecycle(state, Event.SHUTDOWN, detail)
            state.status_version += 1
            found.publish(state.view())
        self._keep_status(found)
        if again:
            self.host.background(lambda: self._start_again(found, run))
        else:
            run.process.signal(signal.SIGTERM)

    def _start_again(self, found: Guarded[QemuDomain], run: Run) -> None:
        """Reset a guest that shut down in order to be started again (`qemuProcessFakeReboot`)."""
        try:
            with found.job(JobKind.MODIFY, "reboot") as job:
                talk = Talk(found, job, run)
                talk.ask("system_reset")
                with talk.state() as state:
                    crashed = state.state == DomainState.CRASHED
                self._go_on(talk, Running.CRASHED if crashed else Running.BOOTED)
        except (VirtError, LockError) as error:
            self.host.log.error("a guest could not be started again, so it is ended: %s", error)
            run.process.end()
        finally:
            with suppress(ObjectGone):
                with found.locked() as state:
                    if state.run is run:
                        state.paused_by_shutdown = state.fake_reboot = False
                        state.status_version += 1
                self._keep_status(found)

    def _on_reset(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """The guest was reset, by itself or by us."""
        with found.locked() as state:
            if state.run is not run or state.starting:
                return
            self._emit(DomainEventID.REBOOT, state.handle)
            state.resets += 1
            state.fake_reboot = False
            state.status_version += 1
        self._keep_status(found)
