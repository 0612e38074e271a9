"""Devices that are detached.

A running guest is asked to let a device go, and answers when it likes: whoever asked waits a while for it. A device
that goes later is dealt with when the guest says so; until then it is shown as there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from virtloom.driver.constants.domain import DomainDeviceModifyFlags as Modify
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, JobKind, might_sleep
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Hostdev, Interface
from virtloom_qemu.command import build
from virtloom_qemu.command.block.reservations import MANAGED, is_managed
from virtloom_qemu.domains.plugging.base import PluggingBase
from virtloom_qemu.hotplug.finding import as_node, find, find_by_alias, replaced
from virtloom_qemu.hotplug.given import take_back
from virtloom_qemu.hotplug.kinds import KINDS, value
from virtloom_qemu.hotplug.lines import device_names, take
from virtloom_qemu.hotplug.refusals import kind_word, refuse_detaching, refuse_serial_console, unsupported
from virtloom_qemu.monitor import CommandFailed, MonitorEvent
from virtloom_qemu.runs.alteration import Alteration
from virtloom_qemu.runs.state import Leaving, QemuDomain, Run
from virtloom_qemu.runs.status import Status
from virtloom_qemu.runs.talk import Talk

BOTH = Modify.LIVE | Modify.CONFIG
ASKED_EVERY = 0.5  # seconds between questions whether a device is still there
UNPLUG_WITHIN = 5.0  # seconds that a guest has to let a device go (QEMU_UNPLUG_TIMEOUT)
PLUGGED = "/machine/peripheral"  # where QEMU has all devices with a name
REJECTED = "unplug of device was rejected by the guest"


class Detaching(PluggingBase):
    """The calls that detach devices, and what guests tell of them."""

    handlers = {"DEVICE_DELETED": "_on_device_gone", "DEVICE_UNPLUG_GUEST_ERROR": "_on_device_kept"}

    def domain_detach_device_flags(self, dom: DomainHandle, xml: str, flags: int) -> None:
        """`virDomainDetachDeviceFlags`: a guest that does not let go in time is no error."""
        self._check_flags(flags, BOTH, "DomainDetachDeviceFlags")
        with self._altering(dom, flags) as change:
            node = self._described(xml, change.current)
            if change.config is not None:
                _refuse_unknown("persistent", node.tag)
                refuse_serial_console(node, "detaching")
                change.config = self._kept_without(
                    change.config, node.tag, find(change.config, node, KINDS[node.tag].gone)
                )
            if change.live is not None:
                _refuse_unknown("live", node.tag)
                self._detach_live(change, node.tag, find(change.live, node, KINDS[node.tag].gone_live), wait=True)

    def domain_detach_device_alias(self, dom: DomainHandle, alias: str, flags: int) -> None:
        """`virDomainDetachDeviceAlias`: the guest is asked, and nobody waits."""
        self._check_flags(flags, BOTH, "DomainDetachDeviceAlias")
        with self._altering(dom, flags) as change:
            if change.config is not None:
                change.config = self._kept_without(change.config, *find_by_alias(change.config, alias))
            if change.live is not None:
                self._detach_live(change, *find_by_alias(change.live, alias), wait=False)

    def _kept_without(self, config: Domain, tag: str, device: Any) -> Domain:
        return self.rules.grown(self._without(config, tag, device), tag)

    def _without(self, definition: Domain, tag: str, device: Any) -> Domain:
        """A definition without a device, and without the console that is only another name for it."""
        serials, consoles = definition.parts.serials, definition.parts.consoles
        if serials and device is serials[0] and consoles and consoles[0].target and consoles[0].target.type == "serial":
            definition = definition.with_devices(consoles=consoles[1:])
        return self._with_memory(replaced(definition, tag, device), tag, device, -1)

    # While the guest runs.

    def _detach_live(self, change: Alteration, tag: str, device: Any, *, wait: bool) -> None:
        live, node = change.live, as_node(device, tag)
        assert live is not None
        refuse_detaching(live, node)
        alias = value(node, "alias@name")
        if tag == "lease" or alias is None:
            change.live = self._without(live, tag, device)
            return
        steps = self._steps(change.talk, self._without(live, tag, device), live)
        if not any(step.is_device for step in steps) or self._asked_to_go(change.talk, alias, wait=wait):
            self._gone(change, tag, device)

    def _asked_to_go(self, talk: Talk, alias: str, *, wait: bool, is_gone: Callable[[], bool] = lambda: False) -> bool:
        """Ask a guest to let a device go; whether it has gone.

        :param alias: what QEMU knows it by.
        :param wait: whether to wait for it; what goes later is dealt with then.
        :param is_gone: for what QEMU may not tell of: asks for it now and then.
        :raises VirtError: OPERATION_FAILED if the guest will not.
        """
        if not wait:
            return self._ask_to_go(talk, alias)
        leaving = Leaving()
        with talk.state() as state:
            state.leaving[alias] = leaving
        try:
            if self._ask_to_go(talk, alias):
                return True
            might_sleep("a guest that lets a device go", UNPLUG_WITHIN)
            deadline = time.monotonic() + UNPLUG_WITHIN
            with self.host.waiting(f"{alias} to leave the guest"):
                while (left := deadline - time.monotonic()) > 0 and not leaving.done.wait(min(left, ASKED_EVERY)):
                    if is_gone():
                        return True
        finally:
            with talk.found.locked() as state:
                state.leaving.pop(alias, None)
        if leaving.refused:
            raise VirtError(ErrorCode.OPERATION_FAILED, REJECTED)
        return leaving.done.is_set()

    @staticmethod
    def _ask_to_go(talk: Talk, alias: str) -> bool:
        """Ask; whether it was not there in the first place."""
        try:
            talk.ask("device_del", id=alias)
        except CommandFailed as error:
            if error.kind != "DeviceNotFound":
                raise
            return True
        return False

    def _gone(self, change: Alteration, tag: str, device: Any) -> None:
        """The guest let a device go: what was behind it goes too, and everybody learns of it."""
        live, talk = change.live, change.talk
        assert live is not None
        fewer = self._without(live, tag, device)
        take(talk.monitor, [step for step in self._steps(talk, fewer, live) if not step.is_device])
        alias = value(as_node(device, tag), "alias@name") or ""
        take_back(talk.monitor, alias)
        if isinstance(device, Interface):
            self.interfaces.disconnect(device)
        self._ownership(live, talk.run.groups).released(live, fewer)
        if isinstance(device, Hostdev):
            self.host_devices.give_back(live.name, (device,))
        self._serve_no_more(talk, alias)
        if not any(is_managed(disk.node("disk")) for disk in fewer.parts.disks):
            self._serve_no_more(talk, MANAGED)
        change.live = fewer
        change.settle(lambda state: self._emit(DomainEventID.DEVICE_REMOVED, state.handle, (alias,)))

    def _serve_no_more(self, talk: Talk, alias: str) -> None:
        """End the helper of a device that went, if it has one."""
        with talk.state() as state:
            helper = state.helpers.get(alias)
            state.helpers = {name: one for name, one in state.helpers.items() if name != alias}
        if helper is not None:
            self.helpers.end({alias: helper})

    # What guests tell.

    def _catch_up(self, talk: Talk, status: Status) -> None:
        """See `Reconnecting`; devices that the guest let go of while no daemon was there are dealt with."""
        super()._catch_up(talk, status)
        with talk.state() as state:
            live = state.definition
        bare = build(live, self._run_context(talk.run, live))
        here = {one["name"] for one in talk.ask("qom-list", path=PLUGGED)}
        for alias in (name for name in device_names(bare) if name not in here):
            with talk.state() as state:
                live = state.definition
            with suppress(LookupError):
                self._gone(Alteration(live, None, live, talk), *_known(live, alias))

    def _on_device_gone(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """A device is gone: who waits for it goes on, or else it is dealt with here."""
        alias = event.data.get("device")
        if alias is None:
            return  # one without a name, such as a part of another
        with found.locked() as state:
            leaving = state.leaving.get(alias)
        if leaving is not None:
            leaving.done.set()
        else:
            self.host.background(lambda: self._gone_late(found, run, alias))

    def _gone_late(self, found: Guarded[QemuDomain], run: Run, alias: str) -> None:
        with found.job(JobKind.MODIFY, "unplug") as job:
            talk = Talk(found, job, run)
            with talk.state() as state:
                live = state.definition
            with suppress(LookupError):
                self._gone(Alteration(live, None, live, talk), *_known(live, alias))
        self._keep_status(found)

    def _on_device_kept(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """The guest will not let a device go (`qemuProcessHandleDeviceUnplugErr`)."""
        alias = event.data.get("device")
        if alias is None:
            return
        with found.locked() as state:
            leaving = state.leaving.get(alias)
            self._emit(DomainEventID.DEVICE_REMOVAL_FAILED, state.handle, (alias,))
        if leaving is not None:
            leaving.refused = True
            leaving.done.set()


def _known(live: Domain, alias: str) -> tuple[str, Any]:
    """The kind and the device of an alias.

    :raises LookupError: if the definition does not have it, or no more.
    """
    try:
        return find_by_alias(live, alias)
    except VirtError as error:
        raise LookupError(alias) from error


def _refuse_unknown(when: str, tag: str) -> None:
    if tag not in KINDS or (when == "live" and tag == "sound"):
        raise unsupported(f"{when} detach of device '{kind_word(tag)}' is not supported")
