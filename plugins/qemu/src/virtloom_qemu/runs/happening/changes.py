"""What a guest changes by itself: its clock, its memory, whether it sleeps; and who looks at its display."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from virtloom.driver.constants.domain_event import DomainEventGraphicsAddress as Family
from virtloom.driver.constants.domain_event import DomainEventGraphicsPhase as Phase
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.constants.domain_event import DomainEventPMSuspendedDetail as Asleep
from virtloom.driver.constants.domain_event import DomainEventStartedDetail as Started
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_state import DomainRunningReason as Running
from virtloom.driver.constants.domain_state import DomainState as State
from virtloom.locks import Guarded
from virtloom_qemu.monitor import MonitorEvent
from virtloom_qemu.runs.happening.modules import grown, plugged
from virtloom_qemu.runs.phases.ending import Ending
from virtloom_qemu.runs.state import QemuDomain, Run

KIB = 1024
SLEEP = {
    "SUSPEND": (DomainEventID.PMSUSPEND, Asleep.MEMORY),
    "SUSPEND_DISK": (DomainEventID.PMSUSPEND_DISK, Asleep.DISK),
}
PHASES = {
    "VNC_CONNECTED": Phase.CONNECT,
    "VNC_INITIALIZED": Phase.INITIALIZE,
    "VNC_DISCONNECTED": Phase.DISCONNECT,
    "SPICE_CONNECTED": Phase.CONNECT,
    "SPICE_INITIALIZED": Phase.INITIALIZE,
    "SPICE_DISCONNECTED": Phase.DISCONNECT,
}
FAMILIES = {"ipv4": Family.IPV4, "ipv6": Family.IPV6, "unix": Family.UNIX}
IDENTITIES = (("x509dname", "x509_dname"), ("saslUsername", "sasl_username"))


class ChangeEvents(Ending):
    """Dealing with what guests do by themselves."""

    handlers: ClassVar[dict[str, str]] = {
        "RTC_CHANGE": "_on_clock",
        "BALLOON_CHANGE": "_on_balloon",
        "MEMORY_DEVICE_SIZE_CHANGE": "_on_module",
        "WAKEUP": "_on_wakeup",
        **dict.fromkeys(SLEEP, "_on_sleep"),
        **dict.fromkeys(PHASES, "_on_display"),
    }

    def _on_clock(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """The guest set its clock, in seconds off the host's (`qemuProcessHandleRTCChange`)."""
        with found.locked() as state:
            if state.run is not run:
                return
            offset, clock = int(event.data.get("offset", 0)), state.definition.clock
            if clock is not None and clock.offset == "variable":
                offset += state.clock_began
                state.definition = state.definition.replace(clock=clock.replace(adjustment=str(offset)))
                state.status_version += 1
            self._emit(DomainEventID.RTC_CHANGE, state.handle, (offset,))
        self._keep_status(found)

    def _on_balloon(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        actual = -(-int(event.data.get("actual", 0)) // KIB)
        with found.locked() as state:
            if state.run is not run:
                return
            state.definition = state.definition.replace(current_memory=actual + plugged(state.definition))
            state.status_version += 1
            self._emit(DomainEventID.BALLOON_CHANGE, state.handle, (actual,))
            found.publish(state.view())
        self._keep_status(found)

    def _on_module(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """The guest uses more or less of a memory module (`processMemoryDeviceSizeChange`)."""
        alias, size = str(event.data.get("id")), int(event.data.get("size", 0))
        with found.locked() as state:
            if state.run is not run:
                return
            state.definition = grown(state.definition, alias, size)
            state.status_version += 1
            self._emit(DomainEventID.MEMORY_DEVICE_SIZE_CHANGE, state.handle, (alias, -(-size // KIB)))
            found.publish(state.view())
        self._keep_status(found)

    def _on_sleep(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """The guest suspended itself to memory or disk."""
        number, detail = SLEEP[event.name]
        with found.locked() as state:
            if state.run is not run:
                return
            self._emit(number, state.handle)
            if state.state == State.RUNNING:
                state.state, state.reason = State.PMSUSPENDED, 0
                state.status_version += 1
                self._lifecycle(state, Event.PMSUSPENDED, detail)
            found.publish(state.view())
        self._keep_status(found)

    def _on_wakeup(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        with found.locked() as state:
            if state.run is not run:
                return
            self._emit(DomainEventID.PMWAKEUP, state.handle)
            if state.state == State.PMSUSPENDED:
                state.state, state.reason = State.RUNNING, Running.WAKEUP
                state.status_version += 1
                self._lifecycle(state, Event.STARTED, Started.WAKEUP)
            found.publish(state.view())
        self._keep_status(found)

    def _on_display(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """Somebody connected to a display, was let in, or went."""
        client, server = event.data.get("client"), event.data.get("server")
        if not isinstance(client, dict) or not isinstance(server, dict):
            return
        who = [(name, str(client[key])) for name, key in IDENTITIES if key in client]
        about = (PHASES[event.name], _address(server), _address(client), str(server.get("auth") or ""), who)
        with found.locked() as state:
            if state.run is run:
                self._emit(DomainEventID.GRAPHICS, state.handle, about)


def _address(end: Mapping[str, Any]) -> tuple[int, str, str]:
    """One end of a connection: family, host, port."""
    port = end.get("service") or end.get("port") or ""
    return FAMILIES.get(str(end.get("family")), Family.IPV4), str(end.get("host") or ""), str(port)
