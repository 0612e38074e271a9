"""Snapshots: a guest's definition, its disks and perhaps its memory at a moment, to go back to."""

from virtloom_qemu.domains.snapshots.deleting import SnapshotDeleting
from virtloom_qemu.domains.snapshots.reverting import SnapshotReverting
from virtloom_qemu.domains.snapshots.taking import SnapshotTaking


class Snapshots(SnapshotTaking, SnapshotReverting, SnapshotDeleting):
    """The calls that make, delete and go back to snapshots."""
