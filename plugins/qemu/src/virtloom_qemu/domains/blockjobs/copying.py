"""A disk is copied into another image while the guest goes on (QEMU: `blockdev-mirror`)."""

from __future__ import annotations

from collections.abc import Sequence

from virtloom.driver.constants.domain_job import DomainBlockCopyFlags as Copy
from virtloom.driver.constants.domain_job import DomainBlockRebaseFlags as Rebase
from virtloom.driver.handles import DomainHandle
from virtloom.driver.kinds import DriverKind
from virtloom.driver.params import UINT, ULLONG, TypedParam, checked
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.blockjobs.copies import Destination, destination_of, open_copy, prepare_copy, secrets_of
from virtloom_qemu.blockjobs.job import COPY, BlockJob, job_name
from virtloom_qemu.blockjobs.nodes import detach
from virtloom_qemu.domains.blockjobs.base import SPEED_MAX, speed_of
from virtloom_qemu.domains.blockjobs.pulling import Pulling
from virtloom_qemu.runs.given.secrets import values_of
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.storage.layers import chain_of_disk, mirror_of

COPY_FLAGS = Copy.SHALLOW | Copy.REUSE_EXT | Copy.TRANSIENT_JOB | Copy.SYNCHRONOUS_WRITES
REBASE_FLAGS = (
    Rebase.SHALLOW | Rebase.REUSE_EXT | Rebase.COPY | Rebase.COPY_RAW | Rebase.RELATIVE | Rebase.COPY_DEV
    | Rebase.BANDWIDTH_BYTES
)  # fmt: skip
PARAMS = {"bandwidth": ULLONG, "granularity": UINT, "buf-size": ULLONG}


class Copying(Pulling):
    """`virDomainBlockCopy`, and `virDomainBlockRebase`, which pulls or copies."""

    def domain_block_copy(
        self, dom: DomainHandle, path: str, destxml: str, params: Sequence[TypedParam], flags: int
    ) -> None:
        """`virDomainBlockCopy`"""
        self._check_flags(flags, COPY_FLAGS, "DomainBlockCopy")
        given = {name: int(value) for name, value in checked(params, PARAMS).items()}
        granularity = given.get("granularity", 0)
        if granularity & (granularity - 1):
            raise VirtError(ErrorCode.INVALID_ARG, "granularity must be power of 2")
        self._copy(dom, path, destination_of(destxml), given, flags)

    def domain_block_rebase(self, dom: DomainHandle, path: str, base: str | None, bandwidth: int, flags: int) -> None:
        """`virDomainBlockRebase`: a pull down to a base, or a copy into a file of that name."""
        self._check_flags(flags, REBASE_FLAGS, "DomainBlockRebase")
        if not flags & Rebase.COPY:
            self._pull(dom, path, base, bandwidth, flags)
            return
        speed = speed_of(bandwidth, flags & Rebase.BANDWIDTH_BYTES)
        if flags & Rebase.RELATIVE:
            detail = "Relative backing during copy not supported yet"
            raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, detail)
        kind = "block" if flags & Rebase.COPY_DEV else "file"
        source = Node("source", {"dev" if kind == "block" else "file": base or ""})
        destination = Destination(kind, "raw" if flags & Rebase.COPY_RAW else None, source, None)
        self._copy(dom, path, destination, {"bandwidth": speed}, flags & (Copy.SHALLOW | Copy.REUSE_EXT))

    def _copy(self, dom: DomainHandle, path: str, destination: Destination, given: dict[str, int], flags: int) -> None:
        destination.refuse_relative()
        speed = given.get("bandwidth", 0)
        if speed > SPEED_MAX:
            detail = f"bandwidth must be less than '{SPEED_MAX}' bytes/s ({SPEED_MAX >> 20} MiB/s)"
            raise VirtError(ErrorCode.INVALID_ARG, detail)
        with self._disk_of(dom, path) as (talk, disk):
            self._refuse_unfit(talk, disk)
            with talk.found.locked() as state:
                persistent = state.persistent
            if persistent and not flags & Copy.TRANSIENT_JOB:
                raise VirtError(ErrorCode.OPERATION_INVALID, "domain is not transient")
            self._start_copy(talk, disk, destination, given, flags)

    def _start_copy(self, talk: Talk, disk: Disk, destination: Destination, given: dict[str, int], flags: int) -> None:
        chain = chain_of_disk(disk)
        shallow = bool(flags & Copy.SHALLOW) and len(chain.layers) > 1
        copy = prepare_copy(disk, destination, shallow=shallow, reuse=bool(flags & Copy.REUSE_EXT))
        with talk.found.locked() as state:
            copy = copy.numbered(state.number_image)
        try:
            open_copy(talk, disk, copy, values_of(secrets_of(disk, copy), self.host.driver(DriverKind.SECRET)))
            job = BlockJob(
                job_name(COPY, disk.name, chain.layers[0].node), COPY, disk.name, shallow=shallow, reuse=copy.reuse
            )
            with self._beginning(talk, job, disk, mirror_of(copy.chain, COPY)):
                talk.ask(
                    "blockdev-mirror",
                    job_id=job.name,
                    device=chain.layers[0].node,
                    target=copy.chain.layers[0].node,
                    speed=given.get("bandwidth") or None,
                    granularity=given.get("granularity") or None,
                    buf_size=given.get("buf-size") or None,
                    sync="top" if shallow else "full",
                    copy_mode="write-blocking" if flags & Copy.SYNCHRONOUS_WRITES else None,
                    auto_finalize=True,
                    auto_dismiss=False,
                )
        except BaseException:
            detach(talk, copy.opened)
            copy.undo()
            raise
