"""Media of drives that a running guest has: a CD goes in, out, or another takes its place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.kinds import DriverKind
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.command import CommandLine
from virtloom_qemu.command.block.image import image_of
from virtloom_qemu.command.block.secrets import Given, wanted
from virtloom_qemu.command.devices.disks import add_image, backend_node
from virtloom_qemu.domains.plugging.base import PluggingBase
from virtloom_qemu.hotplug.finding import replaced
from virtloom_qemu.hotplug.lines import Step, difference, make, take
from virtloom_qemu.hotplug.throttle import throttle_disk
from virtloom_qemu.monitor import CommandFailed, MonitorEvent
from virtloom_qemu.runs.alteration import Alteration
from virtloom_qemu.runs.given.secrets import values_of
from virtloom_qemu.runs.state import QemuDomain, Run
from virtloom_qemu.runs.talk import Talk

NOTHING = Given()
DRIVES = ("cdrom", "floppy")
TRAY_WITHIN = 5.0  # seconds that a guest has to let a medium go (CHANGE_MEDIA_TIMEOUT)
TRAY_ASKED_EVERY = 0.25  # seconds
TRAY_OPENED, TRAY_CLOSED = 0, 1  # virDomainEventTrayChangeReason


class Media(PluggingBase):
    """What is done to drives, and what guests do to them."""

    handlers = {"DEVICE_TRAY_MOVED": "_on_tray_moved"}

    @staticmethod
    def _drive_of(live: Domain, disk: Disk) -> Disk | None:
        """The drive that a disk is a medium for; None if it is a disk by itself."""
        if disk.device not in DRIVES:
            return None
        return next((one for one in live.parts.disks if one.name == disk.name), None)

    @contextmanager
    def _held_images(self, live: Domain, wanted: Domain, run: Run) -> Iterator[None]:
        """Have the storage note the images that a guest is to have; if the block fails, those that it had.

        :raises VirtError: RESOURCE_BUSY if somebody else has one.
        """
        self.disk_images.hold(wanted, run.id)
        try:
            yield
        except BaseException:
            self.disk_images.hold(live, run.id, running=True)
            raise

    def _change_medium(self, change: Alteration, drive: Disk, disk: Disk, *, force: bool) -> None:
        """Put another medium into a drive, or none (`qemuDomainChangeEjectableMedia`).

        :param disk: what says which; of it, just the medium counts.
        :param force: whether the guest is not asked.
        :raises VirtError: what the host or the guest refuses; the drive may be empty then.
        """
        live, talk = change.live, change.talk
        assert live is not None
        medium = self.disk_images.disk_found(live.name, _with_medium(drive, disk))
        if medium.source is None:
            with talk.state() as state:
                state.number_image()  # nothing has a number, too
        wanted = replaced(live, "disk", drive, medium)
        wanted = self._for_run(talk, wanted)
        loaded = next(one for one in wanted.parts.disks if one.name == drive.name)
        with self._held_images(live, wanted, talk.run):
            self._swap(talk, drive.node(), loaded.node(), force=force)
            throttle_disk(talk, loaded)
        change.live = wanted
        change.settle()

    def _on_tray_moved(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        """A tray was opened or closed, by the guest or by us (`qemuProcessHandleTrayChange`)."""
        alias, is_open = event.data.get("id"), bool(event.data.get("tray-open"))
        with found.locked() as state:
            drive = next((one for one in state.definition.parts.disks if _alias(one) == alias), None)
            if drive is None or drive.target is None:
                return
            moved = drive.replace(target=drive.target.replace(tray="open" if is_open else None))
            state.definition = replaced(state.definition, "disk", drive, moved)
            state.status_version += 1
            found.publish(state.view())
            self._emit(DomainEventID.TRAY_CHANGE, state.handle, (alias, TRAY_OPENED if is_open else TRAY_CLOSED))
        self._keep_status(found)

    def _secrets_of(self, disk: Node) -> Given:
        """The values of the secrets that a medium needs."""
        image = image_of(disk)
        needed = {} if image is None else {one.name: one for one in wanted(image)}
        return Given(values=values_of(needed, self.host.driver(DriverKind.SECRET)))

    def _swap(self, talk: Talk, old: Node, new: Node, *, force: bool) -> None:
        device, behind = new.value("alias", "name") or "", _image_steps(new, self._secrets_of(new))
        name = old.value("target", "dev") or ""
        open_tray(talk, device, name, force=force)
        with_open_tray(talk, device, name, "blockdev-remove-medium", force=force)
        take(talk.monitor, _image_steps(old))
        if behind:
            make(talk.monitor, behind)
            try:
                medium = backend_node(new)
                with_open_tray(talk, device, name, "blockdev-insert-medium", force=force, node_name=medium)
            except BaseException:
                take(talk.monitor, behind)
                raise
        talk.ask("blockdev-close-tray", id=device)


def with_open_tray(talk: Talk, device: str, name: str, command: str, *, force: bool, **arguments: Any) -> None:
    """Run a command that wants the tray open; it is opened again if the guest shut it meanwhile, as one that boots may.

    :raises VirtError: what QEMU refuses, or if the guest shuts it each time.
    """
    for is_last in (False, False, True):
        try:
            talk.ask(command, id=device, **arguments)
            return
        except CommandFailed:
            if is_last or _is_open(talk, device):
                raise
        open_tray(talk, device, name, force=force)


def open_tray(talk: Talk, device: str, name: str, *, force: bool) -> None:
    """Open a drive's tray; a guest that has locked it is asked, again and again (`qemuHotplugWaitForTrayEject`).

    :raises VirtError: OPERATION_FAILED if it keeps it shut.
    """
    end = time.monotonic() + TRAY_WITHIN
    talk.ask("blockdev-open-tray", id=device, force=force)
    while not force and not _is_open(talk, device):
        if time.monotonic() > end:
            raise VirtError(ErrorCode.OPERATION_FAILED, f"timed out waiting to open tray of {name}")
        time.sleep(TRAY_ASKED_EVERY)
        talk.ask("blockdev-open-tray", id=device)


def _is_open(talk: Talk, device: str) -> bool:
    """Whether a tray is open; a drive without one, such as a floppy's, always is."""
    told: dict[str, Any] = next((one for one in talk.ask("query-block") if one.get("qdev") == device), {})
    return bool(told.get("tray_open", True))


def _alias(disk: Disk) -> str | None:
    return disk.alias.get("name") if disk.alias is not None else None


def _with_medium(drive: Disk, disk: Disk) -> Disk:
    """A drive with what is in another."""
    kind = (disk.driver.get("type") if disk.driver is not None else None) or "raw"
    driver = Node("driver", {**(drive.driver.attrs if drive.driver is not None else {"name": "qemu"}), "type": kind})
    target = drive.target.replace(tray=None) if drive.target is not None else None
    return drive.replace(
        target=target,
        type=disk.type,
        source=disk.source,
        driver=driver,
        backing_store=disk.backing_store,
        readonly=disk.readonly,
    )


def _image_steps(disk: Node, secrets: Given = NOTHING) -> list[Step]:
    line = CommandLine("")
    add_image(line, disk, secrets)
    return difference(CommandLine(""), line)
