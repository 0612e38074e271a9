"""A guest that has crashed, or that no longer feeds its watchdog: its state says so, and its definition what to do.

| on_crash | what follows |
|---|---|
| destroy | the run ends |
| restart, rename-restart | the guest is reset and goes on |
| preserve | it stays as it is, to be looked at |
| coredump-destroy, coredump-restart | its memory is written to a file first; if that fails it stays as it is |
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from virtloom.driver.constants.domain import DomainCoreDumpFlags as Dump
from virtloom.driver.constants.domain import DomainCoreDumpFormat as Form
from virtloom.driver.constants.domain_event import DomainEventCrashedDetail as Crash
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_event import DomainEventWatchdogAction as Watchdog
from virtloom.driver.constants.domain_state import DomainCrashedReason as Crashed
from virtloom.driver.constants.domain_state import DomainPausedReason as Paused
from virtloom.driver.constants.domain_state import DomainRunningReason as Running
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.driver.constants.domain_state import DomainState as State
from virtloom.errors import VirtError
from virtloom.locks import Guarded, JobKind, LockError
from virtloom_qemu.domains.saving.dumping import Dumping
from virtloom_qemu.monitor import MonitorEvent
from virtloom_qemu.runs.state import QemuDomain, Run
from virtloom_qemu.runs.talk import Talk

ACTIONS = {
    "none": Watchdog.NONE,
    "pause": Watchdog.PAUSE,
    "reset": Watchdog.RESET,
    "poweroff": Watchdog.POWEROFF,
    "shutdown": Watchdog.SHUTDOWN,
    "debug": Watchdog.DEBUG,
    "inject-nmi": Watchdog.INJECTNMI,
}


class Crashing(Dumping):
    """Dealing with crashes and watchdogs; each on a thread of its own, since a core takes its time."""

    handlers: ClassVar[dict[str, str]] = {"GUEST_PANICKED": "_on_panic", "WATCHDOG": "_on_watchdog"}

    def _on_panic(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """The guest's kernel told that it is at its end (`processGuestPanicEvent`)."""
        self._aside("panic", found, run, self._crashed)

    def _on_watchdog(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """The guest has not fed its watchdog, and QEMU has done what it was told to (`processWatchdogEvent`)."""
        action = ACTIONS.get(str(event.data.get("action")), Watchdog.NONE)
        with found.locked() as state:
            if state.run is not run:
                return
            self._emit(DomainEventID.WATCHDOG, state.handle, (action,))
            if action == Watchdog.PAUSE:
                self._stopped_by_itself(state, Paused.WATCHDOG)
            dumps = any(one.get("action") == "dump" for one in state.definition.parts.watchdogs)
            found.publish(state.view())
        self._keep_status(found)
        if dumps:
            self._aside("watchdog", found, run, self._barked)

    def _aside(self, name: str, found: Guarded[QemuDomain], run: Run, task: Callable[[Talk], None]) -> None:
        """Do something in a DUMP job of a run, on a thread of its own."""

        def do() -> None:
            try:
                with found.job(JobKind.DUMP, name) as job:
                    with found.locked() as state:
                        if state.run is not run:
                            return
                    task(Talk(found, job, run))
            except (VirtError, LockError) as error:
                self.host.log.error("what follows a %s could not be done: %s", name, error)

        threading.Thread(target=do, name=f"{name}-{found.label}", daemon=True).start()

    def _crashed(self, talk: Talk) -> None:
        with talk.state() as state:
            state.state, state.reason = State.CRASHED, Crashed.PANICKED
            state.status_version += 1
            self._lifecycle(state, Event.CRASHED, Crash.PANICKED)
            action = state.definition.on_crash or "destroy"
        self._keep_status(talk.found)
        if action.startswith("coredump-"):
            self._dump(talk, self._core_of(talk), Form.RAW, Dump.MEMORY_ONLY)
        if action.endswith("destroy"):
            self._end(talk.found, talk.run, Shutoff.CRASHED, Stopped.CRASHED)
        elif action != "preserve":
            with talk.state() as state:
                state.fake_reboot = True
            self.host.background(lambda: self._start_again(talk.found, talk.run))

    def _barked(self, talk: Talk) -> None:
        """Write a core of a guest whose watchdog asks for it; the guest goes on."""
        self._dump(talk, self._core_of(talk), Form.RAW, Dump.MEMORY_ONLY)
        self._go_on(talk, Running.UNPAUSED)

    def _core_of(self, talk: Talk) -> Path:
        """Where a core goes that nobody asked for (`auto_dump_path`)."""
        folder = Path(self.settings.auto_dump_path or self.host.dirs.state / "dump")
        folder.mkdir(parents=True, exist_ok=True)
        with talk.found.locked() as state:
            name = f"{state.id}-{state.definition.name}"
        return folder / f"{name}-{time.strftime('%Y-%m-%d-%H:%M:%S')}"
