"""Snapshots of a domain that does not run."""

from __future__ import annotations

from pathlib import Path

from virtloom.driver.domains.moments import Moment
from virtloom.locks import Guarded
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.domains.snapshots.keeping import SnapshotKeeping
from virtloom_qemu.runs.state import QemuDomain
from virtloom_qemu.snapshots.definitions import target_of
from virtloom_qemu.storage.chain import format_of
from virtloom_qemu.storage.images import Images
from virtloom_qemu.storage.overlays import overlaid


class OfflineSnapshots(SnapshotKeeping):
    """Snapshots inside the images, or new images on top of them, by `qemu-img`."""

    def _take_offline(self, found: Guarded[QemuDomain], moment: Moment, definition: Domain) -> None:
        images = Images(self.host.run)
        if not any(row.get("snapshot") == "external" for row in moment.disks):
            self._snapshot_images(definition, moment.name, "-c")
            return
        made: list[Path] = []
        disks = []
        try:
            for row, disk in zip(moment.disks, definition.parts.disks, strict=True):
                if row.get("snapshot") != "external":
                    disks.append(disk)
                    continue
                path, form = target_of(row)
                if not Path(path).exists() or not Path(path).stat().st_size:
                    images.create(path, form, backing=(disk.path or "", format_of(disk)))
                    made.append(Path(path))
                disks.append(overlaid(disk, row.get("type") or "file", path, form, None))
            changed = definition.with_devices(disks=tuple(disks))
            self.write_definition(changed)
        except BaseException:
            for path_made in made:
                path_made.unlink(missing_ok=True)
            raise
        with found.locked() as state:
            state.set_config(changed)
            found.publish(state.view())
