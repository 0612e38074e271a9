"""What can be done with a disk of a guest that runs, besides jobs on its images."""

from __future__ import annotations

from virtloom.driver.constants.domain_job import DomainBlockResizeFlags as Resize
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.domains.devices import find_disk
from virtloom_qemu.storage.chain import format_of
from virtloom_qemu.storage.layers import chain_of_disk

SIZE_MAX = (1 << 64) - 1  # bytes
SECTOR = 512  # bytes; what qcow2 and qed count in


class Disks(DomainsBase):
    """The calls that change a disk."""

    def domain_block_resize(self, dom: DomainHandle, disk: str, size: int, flags: int) -> None:
        """`virDomainBlockResize`"""
        self._check_flags(flags, Resize.BYTES, "DomainBlockResize")
        if not flags & Resize.BYTES:
            if size > SIZE_MAX // 1024:
                raise VirtError(ErrorCode.OVERFLOW, f"size must be less than {SIZE_MAX // 1024}")
            size *= 1024
        with self._talking(dom, JobKind.MODIFY) as talk:
            with talk.found.locked() as state:
                live = state.definition
            found = find_disk(live, disk)
            if found is None:
                raise VirtError(ErrorCode.INVALID_ARG, f"disk '{disk}' was not found in the domain config")
            if found.type == "vhostuser":
                detail = "block resize is not supported for vhostuser disk"
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            if found.source is None or found.readonly:
                detail = f"can't resize empty or readonly disk '{found.name}'"
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            if format_of(found) in ("qcow2", "qed"):
                size = -(-size // SECTOR) * SECTOR
            talk.ask("block_resize", node_name=chain_of_disk(found).layers[0].node, size=size)
