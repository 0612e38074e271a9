"""Huge pages: which a piece of memory gets, and where the host has them (`qemuBuildMemoryGetPagesize`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.values import cpus, scaled
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.values import text_of
from virtloom_qemu.definition.guest import Guest, number

SMALL_PAGE = 4  # KiB
MOUNTS = "/proc/mounts"


def huge_page(guest: Guest, cell: int | None, own: int) -> tuple[int, bool]:
    """The size of a piece of memory's pages in KiB, 0 for small ones, and whether it asked for them itself.

    :param cell: the guest's NUMA cell that it is for, if it is for one.
    :param own: the size that it names itself, or 0.
    :raises VirtError: INTERNAL_ERROR if huge pages are asked for and the host has none.
    """
    size, needed, used = own, bool(own), bool(own)
    if not own:
        page, special = _page_of(guest, cell)
        if page is not None:
            size = _size(page)
            needed, used = special, True
    if size == SMALL_PAGE:
        return 0, False
    if used and not size:
        size = default_size()
    return (size if used else 0), needed


def _page_of(guest: Guest, cell: int | None) -> tuple[Node | None, bool]:
    """The page for a cell, and whether it is just for some; the one without cells is for all others."""
    pages = guest.root.find("memoryBacking/hugepages")
    if pages is None:
        return None, False
    listed = list(pages.all("page")) or [Node("page")]
    for page in listed:
        cells = page.get("nodeset")
        if cells is not None and cell is not None and cell in cpus.parse(cells):
            return page, True
    return next((page for page in listed if page.get("nodeset") is None), None), False


def _size(page: Node) -> int:
    if page.get("size") is None:
        return 0
    return scaled(number(page, "size"), page.get("unit"), 1024) // 1024


def default_size() -> int:
    """The size in KiB of the pages that the host gives by itself.

    :raises VirtError: INTERNAL_ERROR if it has no huge pages.
    """
    mounts = _mounts()
    if not mounts:
        detail = "hugetlbfs filesystem is not mounted or disabled by administrator config"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
    return 2048 if 2048 in mounts else min(mounts)


def hugepage_folder(guest: Guest, context: Context, size: int) -> str:
    """Where a guest's huge pages of a size are made.

    :param size: in KiB.
    :raises VirtError: INTERNAL_ERROR if the host has none of that size.
    """
    mounts = _mounts()
    if not mounts:
        detail = "hugetlbfs filesystem is not mounted or disabled by administrator config"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
    if size not in mounts:
        detail = f"Unable to find any usable hugetlbfs mount for {size} KiB"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
    return f"{mounts[size]}/libvirt/qemu/{context.run_name(text_of(guest.root, 'name') or '').removeprefix('domain-')}"


def _mounts() -> dict[int, str]:
    """Where the host has huge pages, by their size in KiB."""
    found: dict[int, str] = {}
    with open(MOUNTS) as file:
        for line in file:
            _, folder, kind, options, *_ = line.split()
            if kind == "hugetlbfs":
                text = dict(part.partition("=")[::2] for part in options.split(",")).get("pagesize", "2M")
                found[scaled(int(text.rstrip("KMG")), text.lstrip("0123456789")) // 1024] = folder
    return found
