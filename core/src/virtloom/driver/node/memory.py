"""The calls that tune the node's memory: pages that are merged (KSM), and pools of huge pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from virtloom.driver.constants.connect import NodeAllocPagesFlags as Alloc
from virtloom.driver.flags import check_flags
from virtloom.driver.node import topology
from virtloom.driver.node.kernel import number, text
from virtloom.driver.params import UINT, TypedParam, checked, uint, ullong
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error

MERGED = Path("/sys/kernel/mm/ksm")
HUGE = Path("/sys/kernel/mm/hugepages")
CELLS = Path("/sys/devices/system/node")
# What is told of merged pages, in libvirt's order, each with its type; the kernel's files lack the first word.
TOLD = (
    ("shm_pages_to_scan", uint), ("shm_sleep_millisecs", uint), ("shm_pages_shared", ullong),
    ("shm_pages_sharing", ullong), ("shm_pages_unshared", ullong), ("shm_pages_volatile", ullong),
    ("shm_full_scans", ullong), ("shm_merge_across_nodes", uint),
)  # fmt: skip
SET = dict.fromkeys(("shm_pages_to_scan", "shm_sleep_millisecs", "shm_merge_across_nodes"), UINT)


class NodeMemory:
    """A mixin for hypervisor drivers whose guests run on this host."""

    def node_get_memory_parameters(self, flags: int) -> list[TypedParam]:
        """`virNodeGetMemoryParameters`: what the kernel has of them."""
        check_flags(flags, 0, "virHostMemGetParameters")
        return [made(name, number(file)) for name, made in TOLD if (file := _file(name)).exists()]

    def node_set_memory_parameters(self, params: Sequence[TypedParam], flags: int) -> None:
        """`virNodeSetMemoryParameters`: all that are given, if the kernel has them all."""
        check_flags(flags, 0, "virHostMemSetParameters")
        given = checked(params, SET)
        for name in given:
            if not _file(name).exists():
                detail = f"Parameter '{name}' is not supported by this kernel"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.NONE)
        for name, value in given.items():
            _write(_file(name), int(value), f"failed to set {name}")

    def node_alloc_pages(
        self, pageSizes: Sequence[int], pageCounts: Sequence[int], startCell: int, cellCount: int, flags: int
    ) -> int:
        """`virNodeAllocPages`: sizes in KiB; how many pools were changed or were as they should be already."""
        check_flags(flags, Alloc.SET, "NodeAllocPages")
        last = topology.cells()[-1].id
        if startCell > last:
            detail = f"start cell {startCell} out of range (0-{last})"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NONE)
        wanted = list(zip(pageSizes, pageCounts, strict=True))
        cells = range(startCell, min(last, startCell + cellCount - 1) + 1)
        for cell in cells:
            for size, count in wanted:
                _set_pool(cell, size, count, add=not flags & Alloc.SET)
        return len(cells) * len(wanted)


def _file(name: str) -> Path:
    return MERGED / name.partition("_")[2]


def _set_pool(cell: int, size: int, count: int, *, add: bool) -> None:
    """Bring one cell's pool of huge pages to a size (`virNumaSetPagePoolSize`).

    :param cell: -1 for the whole host; :param size: of a page, in KiB.
    :raises VirtError: OPERATION_UNSUPPORTED for ordinary pages, OPERATION_FAILED for a size that there is not or if
        the kernel has not so many, SYSTEM_ERROR.
    """
    if size == topology.page_sizes()[0]:
        detail = "system pages pool can't be modified"
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail, ErrorDomain.NONE)
    folder = HUGE if cell < 0 else CELLS / f"node{cell}" / "hugepages"
    file = folder / f"hugepages-{size}kB" / "nr_hugepages"
    if not text(file).isdigit():
        where = f" on node {cell}" if cell >= 0 else ""
        detail = f"page size {size} is not available{where}"
        raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.NONE)
    now = number(file)
    count += now if add else 0
    if count != now:
        _write(file, count, f"Unable to write to: {file}")
    if (got := number(file)) != count:
        detail = f"Unable to allocate {count} pages. Allocated only {got}"
        raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.NONE)


def _write(file: Path, value: int, detail: str) -> None:
    try:
        file.write_text(str(value))
    except OSError as error:
        raise system_error(error, detail, ErrorDomain.NONE) from error
