"""What all calls about block jobs need: the disk that is meant, and a job that begins or does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.blockjobs.job import BlockJob, refuse_busy, refuse_unsuitable
from virtloom_qemu.domains.devices import find_disk
from virtloom_qemu.runs.happening.blockjobs import BlockJobEvents
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.storage.layers import with_disk

MIB = 1 << 20
SPEED_MAX = (1 << 63) - 1  # bytes a second


class BlockJobCalls(BlockJobEvents):
    """A disk to do something with."""

    @contextmanager
    def _disk_of(self, dom: DomainHandle, path: str, kind: JobKind = JobKind.MODIFY) -> Iterator[tuple[Talk, Disk]]:
        """A talk about one disk of a guest that runs.

        :param path: the guest's name for it, or its source.
        :raises VirtError: INVALID_ARG if there is no such disk.
        """
        with self._talking(dom, kind) as talk:
            with talk.found.locked() as state:
                live = state.definition
            disk = find_disk(live, path)
            if disk is None:
                raise VirtError(ErrorCode.INVALID_ARG, f"disk '{path}' not found in domain")
            yield talk, disk

    @staticmethod
    def _refuse_unfit(talk: Talk, disk: Disk) -> None:
        """Refuse a disk that has a job, or can have none."""
        with talk.found.locked() as state:
            jobs = state.block_jobs
        refuse_busy(jobs, disk)
        refuse_unsuitable(disk)

    @contextmanager
    def _beginning(self, talk: Talk, job: BlockJob, disk: Disk, mirror: Node | None = None) -> Iterator[None]:
        """A job that QEMU is told to begin in the block. It is known before, since its first event may come at once.

        :param mirror: the `<mirror>` that the disk has meanwhile.
        """
        with talk.state() as state:
            state.block_jobs = {**state.block_jobs, job.name: job}
            if mirror is not None:
                state.definition = with_disk(state.definition, disk.replace(mirror=mirror))
            state.status_version += 1
        self._keep_status(talk.found)
        try:
            yield
        except BaseException:
            with talk.found.locked() as state:
                state.block_jobs = {name: one for name, one in state.block_jobs.items() if name != job.name}
                if mirror is not None and state.run is talk.run:
                    state.definition = with_disk(state.definition, disk)
                state.status_version += 1
                talk.found.publish(state.view())
            self._keep_status(talk.found)
            raise


def speed_of(bandwidth: int, in_bytes: int) -> int:
    """A bandwidth in bytes a second.

    :param bandwidth: as the client gave it, in MiB/s unless `in_bytes`.
    :raises VirtError: OVERFLOW.
    """
    if in_bytes:
        return bandwidth
    if bandwidth > SPEED_MAX >> 20:
        raise VirtError(ErrorCode.OVERFLOW, f"bandwidth must be less than {SPEED_MAX >> 20}")
    return bandwidth * MIB
