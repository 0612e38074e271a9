"""Deleting snapshots."""

from __future__ import annotations

from virtloom.driver.constants.snapshot import DomainSnapshotDeleteFlags as Delete
from virtloom.driver.domains.moments import Moment, Moments
from virtloom.driver.domains.moments.snapshots import is_external
from virtloom.driver.domains.snapshots import require_snapshot
from virtloom.driver.handles import DomainSnapshotHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, Job, JobKind
from virtloom_qemu.domains.snapshots.merging import SnapshotMerging
from virtloom_qemu.domains.snapshots.online import SAVE_WITHIN
from virtloom_qemu.monitor.human import quoted
from virtloom_qemu.runs.state import QemuDomain
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.snapshots.checks import in_another_image
from virtloom_qemu.snapshots.merging import merged

DELETE_FLAGS = Delete.CHILDREN | Delete.METADATA_ONLY | Delete.CHILDREN_ONLY


class SnapshotDeleting(SnapshotMerging):
    """`virDomainSnapshotDelete`"""

    def domain_snapshot_delete(self, snap: DomainSnapshotHandle, flags: int) -> None:
        """`virDomainSnapshotDelete`"""
        self._check_flags(flags, DELETE_FLAGS, "SnapshotDelete")
        found = self._find(snap.dom)
        children, only = bool(flags & Delete.CHILDREN), bool(flags & Delete.CHILDREN_ONLY)
        with found.job(JobKind.SNAPSHOT) as job:
            with found.locked() as state:
                there = state.snapshots
                moment = require_snapshot(there, snap.name)
                if not flags & Delete.METADATA_ONLY:
                    _check_delete(state, moment, flags)
            if flags & Delete.METADATA_ONLY:
                self._keep_snapshots(found, there.without(snap.name, children=children, only_children=only))
                return
            doomed = there.descendants(snap.name) if children or only else []
            doomed = doomed if only else [moment, *doomed]
            for one in reversed(doomed):  # children first, and what is gone is forgotten at once
                there = self._delete(found, job, one, there)

    def _delete(self, found: Guarded[QemuDomain], job: Job, moment: Moment, there: Moments) -> Moments:
        """Delete one; those that stay."""
        with found.locked() as state:
            run, definition = state.run, state.definition
        if is_external(moment):
            self._merge_images(found, job, moment, there)
        elif run is not None:
            _delete_online(Talk(found, job, run), moment)
        else:
            self._snapshot_images(moment.domain or definition, moment.name, "-d", try_all=True)
        after = merged(there, moment)
        self._keep_snapshots(found, after)
        return after


def _delete_online(talk: Talk, moment: Moment) -> None:
    printed = talk.human(f"delvm {quoted(moment.name)}", timeout=SAVE_WITHIN).strip()
    if printed and "does not have the requested snapshot" not in printed:
        raise VirtError(ErrorCode.OPERATION_FAILED, f"Failed to delete snapshot: {printed}")


def _check_delete(state: QemuDomain, moment: Moment, flags: int) -> None:
    """What `qemuSnapshotDeleteValidate` refuses; under the domain's lock."""
    outside = is_external(moment)
    other = in_another_image(state.definition, moment) if state.run is not None and not outside else None
    if other is not None:
        detail = (
            f"disk image '{other}' for internal snapshot '{moment.name}' is not the same as disk image currently used"
            " by VM"
        )
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
    if flags & (Delete.CHILDREN | Delete.CHILDREN_ONLY):
        kinds = {is_external(one) for one in state.snapshots.descendants(moment.name)}
        if True in kinds:
            which = "external and internal" if False in kinds else "external"
            detail = f"deletion of {which} children disk snapshots not supported"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
    if outside and state.block_jobs:
        detail = "cannot delete external snapshots when there is another active block job"
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
    if outside and flags & Delete.CHILDREN:
        detail = "deletion of external disk snapshots with children not supported"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
