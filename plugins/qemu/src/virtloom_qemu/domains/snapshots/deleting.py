"""Deleting snapshots."""

from __future__ import annotations

from virtloom.driver.constants.snapshot import DomainSnapshotDeleteFlags as Delete
from virtloom.driver.domains.moments import Moment
from virtloom.driver.domains.moments.snapshots import is_external
from virtloom.driver.domains.snapshots import require_snapshot
from virtloom.driver.handles import DomainSnapshotHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom_qemu.domains.snapshots.keeping import SnapshotKeeping
from virtloom_qemu.domains.snapshots.online import SAVE_WITHIN
from virtloom_qemu.monitor.human import quoted
from virtloom_qemu.runs.talk import Talk

DELETE_FLAGS = Delete.CHILDREN | Delete.METADATA_ONLY | Delete.CHILDREN_ONLY


class SnapshotDeleting(SnapshotKeeping):
    """`virDomainSnapshotDelete`"""

    def domain_snapshot_delete(self, snap: DomainSnapshotHandle, flags: int) -> None:
        """`virDomainSnapshotDelete`"""
        self._check_flags(flags, DELETE_FLAGS, "SnapshotDelete")
        found = self._find(snap.dom)
        children, only = bool(flags & Delete.CHILDREN), bool(flags & Delete.CHILDREN_ONLY)
        with found.job(JobKind.SNAPSHOT) as job:
            with found.locked() as state:
                there, run, definition = state.snapshots, state.run, state.definition
                require_snapshot(there, snap.name)
            doomed = there.descendants(snap.name) if children or only else []
            doomed = doomed if only else [there.by_name[snap.name], *doomed]
            if flags & Delete.METADATA_ONLY:
                self._keep_snapshots(found, there.without(snap.name, children=children, only_children=only))
                return
            self._refuse_external(doomed, snap.name, children=children or only)
            for moment in reversed(doomed):  # children first, and what is gone is forgotten at once
                if run is not None:
                    self._delete_online(Talk(found, job, run), moment)
                else:
                    self._snapshot_images(moment.domain or definition, moment.name, "-d", try_all=True)
                there = there.without(moment.name, children=False, only_children=False)
                self._keep_snapshots(found, there)

    @staticmethod
    def _delete_online(talk: Talk, moment: Moment) -> None:
        printed = talk.human(f"delvm {quoted(moment.name)}", timeout=SAVE_WITHIN).strip()
        if printed and "does not have the requested snapshot" not in printed:
            raise VirtError(ErrorCode.OPERATION_FAILED, f"Failed to delete snapshot: {printed}")

    @staticmethod
    def _refuse_external(doomed: list[Moment], name: str, *, children: bool) -> None:
        outside = [moment for moment in doomed if is_external(moment)]
        if not outside:
            return
        detail = "deletion of external children disk snapshots not supported"
        below = [moment for moment in doomed if moment.name != name]
        inside = [moment for moment in below if not is_external(moment)]
        if children and inside and len(inside) < len(below):
            detail = "deletion of external and internal children disk snapshots not supported"
        elif children and len(inside) == len(below):
            detail = "deletion of external disk snapshots with children not supported"
        if not children:
            detail = f"deletion of {len(outside)} external disk snapshots not supported yet"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
