"""One block job, as the domain's state knows it from its start until its outcome has been dealt with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from virtloom.driver.constants.domain_job import DomainBlockJobType as Type
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.devices import Disk

PULL, COPY, COMMIT, ACTIVE_COMMIT = "pull", "copy", "commit", "active-commit"
TYPES = {PULL: Type.PULL, COPY: Type.COPY, COMMIT: Type.COMMIT, ACTIVE_COMMIT: Type.ACTIVE_COMMIT}
RUNNING, READY, PIVOTING, ABORTING = "running", "ready", "pivoting", "aborting"
PREFIXES = {ACTIVE_COMMIT: "commit"}


@dataclass(frozen=True)
class BlockJob:
    """A job on one disk. Images are named by their numbers.

    :ivar name: what QEMU calls it; :ivar kind: `pull`, `copy`, `commit` or `active-commit`; :ivar disk: `vda`.
    :ivar state: `running`, `ready`, `pivoting` or `aborting`.
    :ivar base: what is kept below (pull) or written to (commit); None if nothing is kept.
    :ivar top: the uppermost image that is committed.
    :ivar shallow: whether a copy is of the first image alone; :ivar reuse: whether it goes into a client's image.
    :ivar delete: whether images that were committed are removed.
    :ivar held: whether it is part of a call that says when it may end; without that call it comes to nothing.
    """

    name: str
    kind: str
    disk: str
    state: str = RUNNING
    base: int | None = None
    top: int | None = None
    shallow: bool = False
    reuse: bool = False
    delete: bool = False
    held: bool = False

    @property
    def type(self) -> int:
        """Its kind's number (`virDomainBlockJobType`)."""
        return TYPES[self.kind]

    @property
    def ending(self) -> bool:
        """Whether somebody has told it to end."""
        return self.state in (PIVOTING, ABORTING)


Jobs = Mapping[str, BlockJob]


def job_name(kind: str, disk: str, node: str) -> str:
    """What QEMU is to call a job (`qemuBlockJobDiskNew` and its callers)."""
    return f"{PREFIXES.get(kind, kind)}-{disk}-{node}"


def job_of(jobs: Jobs, disk: str) -> BlockJob | None:
    """The job on a disk; None if there is none."""
    return next((one for one in jobs.values() if one.disk == disk), None)


def no_job(disk: str) -> VirtError:
    """The error for a disk that nothing is done with."""
    return VirtError(ErrorCode.INVALID_ARG, f"disk {disk} does not have an active block job")


def refuse_busy(jobs: Jobs, disk: Disk) -> None:
    """Refuse a disk that has a job already (`qemuDomainDiskBlockJobIsActive`).

    :raises VirtError: BLOCK_COPY_ACTIVE for one with a mirror, OPERATION_UNSUPPORTED for others.
    """
    detail = f"disk '{disk.name}' already in active block job"
    if disk.mirror is not None:
        raise VirtError(ErrorCode.BLOCK_COPY_ACTIVE, detail)
    if job_of(jobs, disk.name) is not None:
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)


def refuse_unsuitable(disk: Disk) -> None:
    """Refuse a disk that can have no job (`qemuDomainDiskBlockJobIsSupported`).

    :raises VirtError: OPERATION_UNSUPPORTED.
    """
    what = None
    if disk.target is not None and disk.target.bus == "sd":
        what = f"disk '{disk.name}' using bus 'sd'"
    elif disk.transient is not None:
        what = f"transient disk '{disk.name}'"
    elif disk.type == "vhostuser":
        what = f"vhostuser disk '{disk.name}'"
    if what is not None:
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, f"block jobs are not supported on {what}")
