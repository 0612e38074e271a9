"""Whether the whole state of a guest can be taken out of QEMU: to save it, dump it or take a snapshot of it."""

from __future__ import annotations

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.command.values import is_virtiofs
from virtloom_qemu.runs.talk import Talk


def refuse_unsavable(talk: Talk, live: Domain) -> None:
    """Refuse a guest whose state is not in QEMU alone (`qemuMigrationSrcIsAllowed`).

    :raises VirtError: OPERATION_INVALID, with what QEMU or libvirt says is in the way.
    """
    reasons = talk.ask("query-migrate").get("blocked-reasons") or []
    if reasons:
        raise _invalid(f"cannot migrate domain: {'; '.join(reasons)}")
    if any(disk.mirror is not None for disk in live.parts.disks):
        raise _invalid("domain has active block job")
    for module in live.parts.shmems:
        if (module.value("model", "type") or "ivshmem") == "ivshmem":
            raise _invalid("migration with legacy shmem device is not supported")
        if module.get("role") != "master":
            detail = f"shmem device '{module.get('name')}' cannot be migrated, only shmem with role='master' can be"
            raise _invalid(f"{detail} migrated")
    if any(is_virtiofs(one) for one in live.parts.filesystems):
        raise _invalid("migration with virtiofs device is not supported")
    if any(disk.transient is not None for disk in live.parts.disks):
        raise _invalid("migration with transient disk is not supported")


def _invalid(detail: str) -> VirtError:
    return VirtError(ErrorCode.OPERATION_INVALID, detail)
