"""The snapshots of a domain as they are kept, on disk and in its state."""

from __future__ import annotations

from contextlib import suppress

from virtloom.driver.domains.base import uuid_text
from virtloom.driver.domains.moments import Moments
from virtloom.driver.domains.snapshots import DomainSnapshots
from virtloom.errors import VirtError
from virtloom.locks import Guarded
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.domains.saving import Saving
from virtloom_qemu.runs.state import QemuDomain
from virtloom_qemu.snapshots.documents import SnapshotFolder
from virtloom_qemu.storage.chain import format_of
from virtloom_qemu.storage.images import Images


class SnapshotKeeping(Saving, DomainSnapshots[QemuDomain]):
    """What all calls about snapshots need."""

    def _folder(self, name: str) -> SnapshotFolder:
        return SnapshotFolder(self.host.dirs.state / "snapshot" / name)

    def _find_snapshots(self) -> None:
        """Learn which snapshots were kept, when the daemon starts."""
        for path in (self.host.dirs.state / "snapshot").glob("*"):
            found = self.domains.find_name(path.name)
            if found is None:
                continue
            moments = self._folder(path.name).load(self.rules.parse)
            with found.locked() as state:
                state.snapshots = moments
                found.publish(state.view())

    def _keep_snapshots(self, found: Guarded[QemuDomain], after: Moments) -> None:
        """Replace a domain's snapshots, on disk and in its state."""
        with found.locked() as state:
            before, name, uuid = state.snapshots, state.definition.name, uuid_text(state.definition.uuid)
        self._folder(name).write_all(before, after, uuid)
        with found.locked() as state:
            state.snapshots = after
            found.publish(state.view())

    def _forget_moments(self, name: str) -> None:
        """See `DomainsBase._forget_moments`."""
        self._folder(name).clear()

    def _snapshot_images(self, definition: Domain, name: str, option: str, *, try_all: bool = False) -> None:
        """Do something with a snapshot inside each image of a domain (`qemuDomainSnapshotForEachQcow2`)."""
        images, done = Images(self.host.run), []
        for disk in definition.parts.disks:
            if disk.device != "disk" or disk.path is None or disk.readonly:
                continue
            if format_of(disk) != "qcow2":
                if try_all:
                    continue
                raise invalid(f"Disk device '{disk.name}' does not support snapshotting")
            try:
                images.snapshot(disk.path, option, name)
                done.append(disk.path)
            except VirtError:
                if try_all:
                    continue
                if option == "-c":
                    for path in done:
                        with suppress(VirtError):
                            images.snapshot(path, "-d", name)
                raise
