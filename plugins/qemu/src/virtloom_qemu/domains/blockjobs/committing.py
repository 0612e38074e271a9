"""What an image has is written into one behind it (QEMU: `block-commit`)."""

from __future__ import annotations

from dataclasses import replace

from virtloom.driver.constants.domain_job import DomainBlockCommitFlags as Commit
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.blockjobs.job import ACTIVE_COMMIT, COMMIT, BlockJob, job_name
from virtloom_qemu.blockjobs.lookup import look_up, relative_path
from virtloom_qemu.domains.blockjobs.base import BlockJobCalls, speed_of
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.storage.layers import Chain, chain_of_disk, mirror_of

COMMIT_FLAGS = Commit.SHALLOW | Commit.ACTIVE | Commit.RELATIVE | Commit.DELETE | Commit.BANDWIDTH_BYTES


class Committing(BlockJobCalls):
    """`virDomainBlockCommit`"""

    def domain_block_commit(
        self, dom: DomainHandle, disk: str, base: str | None, top: str | None, bandwidth: int, flags: int
    ) -> None:
        """`virDomainBlockCommit`"""
        self._check_flags(flags, COMMIT_FLAGS, "DomainBlockCommit")
        with self._disk_of(dom, disk) as (talk, found):
            speed = speed_of(bandwidth, flags & Commit.BANDWIDTH_BYTES)
            chain = chain_of_disk(found)
            upper, lower = _ends(chain, found, base, top, flags)
            self._refuse_unfit(talk, found)
            _check(chain, found, upper, lower, flags)
            backing = relative_path(chain, upper, lower) if upper and flags & Commit.RELATIVE else None
            job = replace(commit_job(found, chain, upper, lower), delete=bool(flags & Commit.DELETE))
            self._commit(talk, found, chain, job, speed=speed, backing=backing)

    def _commit(
        self, talk: Talk, disk: Disk, chain: Chain, job: BlockJob, *, speed: int = 0, backing: str | None = None
    ) -> None:
        """Begin a job that `commit_job` made.

        :param speed: in bytes a second; 0 for as fast as it can be.
        :param backing: what the image above is to call the base in its header; None for the base's path.
        """
        layers, upper, lower = chain.layers, chain.place(job.top), chain.place(job.base)
        mirror = mirror_of(Chain((layers[lower],)), job.kind) if job.kind == ACTIVE_COMMIT else None
        with self._beginning(talk, job, disk, mirror):
            talk.ask(
                "block-commit",
                device=layers[0].node,
                job_id=job.name,
                speed=speed,
                top_node=layers[upper].node,
                base_node=layers[lower].node,
                backing_file=(backing or layers[lower].path) if upper else None,
                auto_finalize=not job.held or job.kind == ACTIVE_COMMIT,
                auto_dismiss=False,
            )


def commit_job(disk: Disk, chain: Chain, upper: int, lower: int) -> BlockJob:
    """The job that writes some images of a guest's disk, from one place on, into the one at another place."""
    kind, top = COMMIT if upper else ACTIVE_COMMIT, chain.layers[upper]
    name = job_name(kind, disk.name, top.node)
    return BlockJob(name, kind, disk.name, base=chain.layers[lower].number, top=top.number)


def _ends(chain: Chain, disk: Disk, base: str | None, top: str | None, flags: int) -> tuple[int, int]:
    """The places of the uppermost image that is committed, and of the one that is written to."""
    if not chain.layers:
        detail = f"disk {disk.name} has no source file to be committed"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
    upper = 0 if top is None or top == disk.name else look_up(chain, disk.name, top)
    if base is None and flags & Commit.SHALLOW:
        return upper, upper + 1
    return upper, look_up(chain, disk.name, base, beneath=upper)


def _check(chain: Chain, disk: Disk, upper: int, lower: int, flags: int) -> None:
    """What `qemuBlockCommit` refuses."""
    above, shown = chain.layers[upper].path, chain.layers[0].path
    if upper == 0 and not flags & Commit.ACTIVE:
        detail = f"commit of '{disk.name}' active layer requires active flag"
    elif upper and flags & Commit.ACTIVE:
        detail = f"active commit requested but '{above}' is not active"
    elif upper + 1 == len(chain.layers):
        detail = f"top '{above}' in chain for '{shown}' has no backing file"
    elif flags & Commit.SHALLOW and lower != upper + 1:
        detail = f"base '{chain.layers[lower].path}' is not immediately below '{above}' in chain for '{shown}'"
    else:
        return
    raise VirtError(ErrorCode.INVALID_ARG, detail)
