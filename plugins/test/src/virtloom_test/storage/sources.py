"""Where pools could be: what a host offers, made up as libvirt's test driver does."""

from __future__ import annotations

from virtloom.driver.flags import check_flags
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import root_of


class Sources:
    """The call that looks for them."""

    def connect_find_storage_pool_sources(self, type: str, srcSpec: str | None, flags: int) -> str:
        """`virConnectFindStoragePoolSources`"""
        check_flags(flags, 0, "testConnectFindStoragePoolSources")
        if type == "dir":  # number 0 in libvirt, which takes it for none
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"unknown storage pool type {type}")
        source = (
            None if srcSpec is None else root_of(srcSpec, "storage_source_specification", "source", ErrorDomain.STORAGE)
        )
        if type == "logical":
            return document.write(_sources(*LOGICAL_SOURCES))
        if type != "netfs":
            raise VirtError(ErrorCode.NO_SUPPORT, f"pool type '{type}' does not support source discovery")
        host = None if source is None else source.find("host")
        if host is None or host.get("name") is None:
            raise VirtError(ErrorCode.INVALID_ARG, "hostname must be specified for netfs sources")
        share = [("host", {"name": host.get("name") or ""}, ""), ("dir", {"path": "/testshare"}, "")]
        return document.write(_sources([*share, ("format", {"type": "nfs"}, "")]))


Source = list[tuple[str, dict[str, str], str]]  # the elements of a source: name, attributes, text
LOGICAL_SOURCES: tuple[Source, ...] = tuple(
    [("device", {"path": path}, ""), ("name", {}, name), ("format", {"type": "lvm2"}, "")]
    for path, name in (("/dev/sda20", "testvg1"), ("/dev/sda21", "testvg2"))
)


def _sources(*sources: Source) -> Node:
    """The document of sources that were found."""
    root = Node("sources")
    for elements in sources:
        source = root.add("source")
        for tag, attrs, text in elements:
            source.add(tag, attrs, text)
    return root
