"""Devices that are attached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from virtloom.driver.constants.domain import DomainDeviceModifyFlags as Modify
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.files.journal import Journal
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk, Hostdev, Interface
from virtloom.xmldef.domain.rules import DEVICE_FIELDS
from virtloom_qemu.domains.plugging.media import Media
from virtloom_qemu.hotplug.finding import as_node, every, grafted, refuse_second, replaced
from virtloom_qemu.hotplug.kinds import KINDS, value
from virtloom_qemu.hotplug.refusals import (
    kind_word,
    refuse_attaching,
    refuse_card,
    refuse_character,
    refuse_memory,
    refuse_second_card,
    refuse_second_live,
    unsupported,
)
from virtloom_qemu.hotplug.throttle import throttle_disk
from virtloom_qemu.runs.alteration import Alteration
from virtloom_qemu.runs.given.hostdevs import allow_locking, require_passthrough, supported
from virtloom_qemu.runs.given.interfaces import Connection
from virtloom_qemu.runs.given.vsock import vsock_opened
from virtloom_qemu.runs.happening.refresh import refresh

# Devices that no guest gets any more, of which nothing is looked at that they would change in it.
ALONE = ("iommu", "panic")
BOTH = Modify.LIVE | Modify.CONFIG
NO_ROOM = {
    "pci": "No more available PCI slots",
    "virtio-serial": "Unable to find a free virtio-serial port",
    "usb": "No free USB ports",
}


class Attaching(Media):
    """The calls that attach devices."""

    def domain_attach_device_flags(self, dom: DomainHandle, xml: str, flags: int) -> None:
        """`virDomainAttachDeviceFlags`: what is kept is made ready first, then the guest gets it, then it is kept."""
        self._check_flags(flags, BOTH, "DomainAttachDeviceFlags")
        with self._altering(dom, flags) as change:
            tag, device = self.rules.read_device(xml)
            if change.config is not None:
                change.config, kept = self._kept_with(change.config, tag, device)
                if isinstance(kept, Interface):
                    device = device.replace(mac=kept.mac)  # the one that was made up is that of both
            if change.live is not None:
                self._attach_live(change, tag, device)

    def _kept_with(self, config: Domain, tag: str, device: Any) -> tuple[Domain, Any]:
        """What is kept, with a device more, and that device, everything filled in.

        :raises VirtError: for one that cannot be.
        """
        if tag in KINDS:
            if tag == "controller":
                self.rules.check_alone(config, as_node(device, tag))
            refuse_character(config, as_node(device, tag))
            refuse_second(config, as_node(device, tag))
            refuse_memory(config, as_node(device, tag))
        refuse_card(as_node(device, tag))
        if tag == "iommu":
            self.rules.check_alone(config, as_node(device, tag))
        if tag not in ALONE:
            completed = self._completed(config, tag, device)
        if tag not in KINDS:
            refuse_second_card(device)
            raise unsupported(f"persistent attach of device '{kind_word(tag)}' is not supported")
        return completed

    def _completed(self, definition: Domain, tag: str, device: Any) -> tuple[Domain, Any]:
        """A definition with a device more, and that device, everything filled in."""
        field = DEVICE_FIELDS[tag]
        others = getattr(definition.parts, field)
        if not isinstance(others, tuple):
            wanted = self.rules.grown(definition.with_devices(**{field: device}), tag)
            return wanted, getattr(wanted.parts, field)
        wanted = definition.with_devices(**{field: (*others, device)})
        wanted = self.rules.grown(self._with_memory(wanted, tag, device, 1), tag)
        return wanted, next(one for one in getattr(wanted.parts, field) if one not in others)

    # While the guest runs.

    def _attach_live(self, change: Alteration, tag: str, device: Any) -> None:
        live = change.live
        assert live is not None
        if isinstance(device, Disk) and (drive := self._drive_of(live, device)) is not None:
            self._change_medium(change, drive, device, force=False)
            return
        refuse_second_live(live, as_node(device, tag))
        refuse_card(as_node(device, tag))
        if tag in ALONE:
            raise unsupported(f"live attach of device '{kind_word(tag)}' is not supported")
        completed, made = self._completed(live, tag, device)
        wanted = grafted(live, completed, DEVICE_FIELDS[tag])
        refuse_attaching(live, as_node(made, tag))
        if isinstance(made, Hostdev):
            self._supported(wanted, made)
        _refuse_controllers(live, wanted)
        if isinstance(made, Disk):
            self._attach_disk(change, wanted, made)
        elif isinstance(made, Interface):
            if made.type == "hostdev":
                require_passthrough(self.host_devices.host, self._emulator(live))
            self._connect(change, wanted, made)
        elif isinstance(made, Hostdev):
            self._attach_hostdev(change, wanted, made)
        elif tag == "vsock":
            with vsock_opened(wanted) as (numbered, opened):
                self._let_come(change, tag, numbered, opened=opened)
        else:
            self._let_come(change, tag, wanted)

    def _attach_disk(self, change: Alteration, wanted: Domain, disk: Disk) -> None:
        """Have the guest get a disk, whose images the host's storage notes for it."""
        live, run = change.live, change.talk.run
        assert live is not None
        wanted = replaced(wanted, "disk", disk, self.disk_images.disk_found(live.name, disk))
        with self._held_images(live, wanted, run):
            name = self._let_come(change, "disk", wanted)
        throttle_disk(change.talk, disk.replace(alias=Node("alias", {"name": name})))

    def _connect(self, change: Alteration, wanted: Domain, made: Interface) -> None:
        """Have the guest get an interface, with its end on the host."""
        journal = Journal(change.talk.run.paths.journal)
        journal.begin()
        try:
            with self.interfaces.connected(wanted, made, journal) as connection:
                wanted = replaced(wanted, "interface", made, connection.interface)
                name = self._let_come(change, "interface", wanted, connection)
                self._keep_status(change.talk.found)
        finally:
            journal.close()
        if made.link is not None and made.link.get("state") == "down":
            change.talk.tries("set_link", name=name, up=False)

    def _attach_hostdev(self, change: Alteration, wanted: Domain, made: Hostdev) -> None:
        """Have the guest get a device of the host's."""
        run, live = change.talk.run, change.live
        assert live is not None
        made, journal = self._supported(wanted, made), Journal(run.paths.journal)
        journal.begin()
        try:
            with self.host_devices.taken(live.name, (made,), journal) as (placed,):
                wanted = grafted(live, self._completed(live, "hostdev", placed)[0], DEVICE_FIELDS["hostdev"])
                allow_locking(wanted, run.process.pid)
                self._let_come(change, "hostdev", wanted)
                self._keep_status(change.talk.found)
        finally:
            journal.close()

    def _supported(self, definition: Domain, device: Hostdev) -> Hostdev:
        return supported(device, self.host_devices.host, self._emulator(definition))

    def _let_come(
        self,
        change: Alteration,
        tag: str,
        wanted: Domain,
        connection: Connection | None = None,
        opened: Mapping[str, int] | None = None,
    ) -> str:
        """Have the guest get what it is to have more, and tell of it; what it is called."""
        live = change.live
        assert live is not None
        known = {value(as_node(one, tag), "alias@name") for one in every(live, KINDS[tag])}
        change.live = refresh(change.talk, self._plug(change.talk, live, wanted, connection, opened), states=False)
        names = (value(as_node(one, tag), "alias@name") for one in every(change.live, KINDS[tag]))
        new = next((name for name in names if name not in known), None) or ""
        change.settle(lambda state: self._emit(DomainEventID.DEVICE_ADDED, state.handle, (new,)))
        return new


def _refuse_controllers(live: Domain, wanted: Domain) -> None:
    """Refuse a device that has no place on the controllers that there are; just those for SCSI come by themselves.

    :raises VirtError: INTERNAL_ERROR.
    """
    known = {(one.type, one.index) for one in live.parts.controllers}
    for one in wanted.parts.controllers:
        if (one.type, one.index) not in known and one.type in NO_ROOM:
            raise VirtError(ErrorCode.INTERNAL_ERROR, NO_ROOM[one.type], ErrorDomain.DOMAIN)
