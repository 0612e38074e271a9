"""What is behind an image is copied into it (QEMU: `block-stream`)."""

from __future__ import annotations

from virtloom.driver.constants.domain_job import DomainBlockPullFlags as Pull
from virtloom.driver.constants.domain_job import DomainBlockRebaseFlags as Rebase
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom_qemu.blockjobs.job import PULL, BlockJob, job_name
from virtloom_qemu.blockjobs.lookup import look_up, relative_path
from virtloom_qemu.domains.blockjobs.base import BlockJobCalls, speed_of
from virtloom_qemu.storage.layers import chain_of_disk


class Pulling(BlockJobCalls):
    """`virDomainBlockPull`, and the part of `virDomainBlockRebase` that is no copy."""

    def domain_block_pull(self, dom: DomainHandle, path: str, bandwidth: int, flags: int) -> None:
        """`virDomainBlockPull`"""
        self._check_flags(flags, Pull.BANDWIDTH_BYTES, "DomainBlockPull")
        self._pull(dom, path, None, bandwidth, flags)

    def _pull(self, dom: DomainHandle, path: str, base: str | None, bandwidth: int, flags: int) -> None:
        if flags & Rebase.RELATIVE and base is None:
            detail = "flag VIR_DOMAIN_BLOCK_REBASE_RELATIVE is valid only with non-null base"
            raise VirtError(ErrorCode.INVALID_ARG, detail)
        with self._disk_of(dom, path) as (talk, disk):
            self._refuse_unfit(talk, disk)
            chain = chain_of_disk(disk)
            place = None if base is None else look_up(chain, disk.name, base, beneath=0)
            below = None if place is None else chain.layers[place]
            backing = None if below is None else below.path
            if place is not None and flags & Rebase.RELATIVE:
                backing = relative_path(chain, 1, place)
            speed = speed_of(bandwidth, flags & Pull.BANDWIDTH_BYTES)
            top = chain.layers[0].node
            job = BlockJob(
                job_name(PULL, disk.name, top), PULL, disk.name, base=None if below is None else below.number
            )
            with self._beginning(talk, job, disk):
                talk.ask(
                    "block-stream",
                    job_id=job.name,
                    device=top,
                    base_node=None if below is None else below.node,
                    backing_file=backing,
                    speed=speed,
                    auto_finalize=True,
                    auto_dismiss=False,
                )
