"""What goes wrong with a guest's disks and memory: told with what is known of it, and followed by the state."""

from __future__ import annotations

from typing import ClassVar

from virtloom.driver.constants.domain import DomainMemoryFailureAction as FailureAction
from virtloom.driver.constants.domain import DomainMemoryFailureFlags as FailureFlags
from virtloom.driver.constants.domain import DomainMemoryFailureRecipient as Recipient
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.constants.domain_event import DomainEventIOErrorAction as Action
from virtloom.driver.constants.domain_state import DomainPausedReason as Paused
from virtloom.locks import Guarded
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.monitor import MonitorEvent
from virtloom_qemu.runs.phases.ending import Ending
from virtloom_qemu.runs.state import QemuDomain, Run
from virtloom_qemu.storage.layers import Layer, chain_of_disk, mirror_as_disk

IO_ACTIONS = {"ignore": Action.NONE, "stop": Action.PAUSE, "report": Action.REPORT}
RECIPIENTS = {"hypervisor": Recipient.HYPERVISOR, "guest": Recipient.GUEST}
FAILURE_ACTIONS = {
    "ignore": FailureAction.IGNORE,
    "inject": FailureAction.INJECT,
    "fatal": FailureAction.FATAL,
    "reset": FailureAction.RESET,
}


class TroubleEvents(Ending):
    """Dealing with errors of disks and memory."""

    handlers: ClassVar[dict[str, str]] = {
        "BLOCK_IO_ERROR": "_on_io_error",
        "BLOCK_WRITE_THRESHOLD": "_on_threshold",
        "MEMORY_FAILURE": "_on_memory_failure",
    }

    def _on_io_error(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """The host could not read or write (`qemuProcessHandleIOError`)."""
        action = IO_ACTIONS.get(str(event.data.get("action")), Action.NONE)
        reason = "enospc" if event.data.get("nospace") else ""
        with found.locked() as state:
            if state.run is not run:
                return
            device, node = str(event.data.get("device") or ""), str(event.data.get("node-name") or "")
            disk = _disk_of(state.definition, device, node)
            path = (disk.path if disk is not None else None) or ""
            alias = (disk.alias.get("name") if disk is not None and disk.alias is not None else None) or ""
            self._emit(DomainEventID.IO_ERROR, state.handle, (path, alias, action))
            self._emit(DomainEventID.IO_ERROR_REASON, state.handle, (path, alias, action, reason))
            if action == Action.PAUSE:
                self._stopped_by_itself(state, Paused.IOERROR)
            found.publish(state.view())
        self._keep_status(found)

    def _on_threshold(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """More was written to an image than somebody wanted to know of (`qemuProcessHandleBlockThreshold`)."""
        node = str(event.data.get("node-name") or "")
        numbers = int(event.data.get("write-threshold", 0)), int(event.data.get("amount-exceeded", 0))
        with found.locked() as state:
            if state.run is not run:
                return
            for disk in state.definition.parts.disks:
                for place, layer in enumerate(_layers(disk)):
                    if not _is_of(layer, node):
                        continue
                    names = [] if place or layer.number in state.thresholds else [disk.name]
                    for name in (*names, f"{disk.name}[{layer.number}]"):
                        path = layer.path if layer.type in ("file", "block") else None
                        self._emit(DomainEventID.BLOCK_THRESHOLD, state.handle, (name, path, *numbers))

    def _on_memory_failure(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """The host's memory is broken where the guest's is."""
        recipient = RECIPIENTS.get(str(event.data.get("recipient")))
        action = FAILURE_ACTIONS.get(str(event.data.get("action")))
        told = event.data.get("flags")
        told = told if isinstance(told, dict) else {}
        flags = FailureFlags.ACTION_REQUIRED if told.get("action-required") else 0
        flags |= FailureFlags.RECURSIVE if told.get("recursive") else 0
        with found.locked() as state:
            if state.run is run and recipient is not None and action is not None:
                self._emit(DomainEventID.MEMORY_FAILURE, state.handle, (recipient, action, flags))


def _layers(disk: Disk) -> tuple[Layer, ...]:
    """All images that are open for a disk, its own first."""
    mirror = chain_of_disk(mirror_as_disk(disk)).layers if disk.mirror is not None else ()
    return chain_of_disk(disk).layers + mirror


def _is_of(layer: Layer, node: str) -> bool:
    return node in (f"libvirt-{layer.number}-format", f"libvirt-{layer.number}-storage")


def _disk_of(live: Domain, device: str, node: str) -> Disk | None:
    """The disk that an event is about, by its device's name or by the name of a block node."""
    for disk in live.parts.disks:
        alias = disk.alias.get("name") if disk.alias is not None else None
        if device and device in (alias, f"drive-{alias}"):
            return disk
        if node and any(_is_of(layer, node) for layer in _layers(disk)):
            return disk
    return None
