"""What the driver says of the host that it plays."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from virtloom.driver.flags import check_flags
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node as Element
from virtloom_test.domains.base import DomainsBase

PAGE_SIZES = (4, 2048, 1048576)  # KiB; of the second cell the first is 8
CPU_STATS = (("user", 9797400000), ("kernel", 34678723400000), ("idle", 87264900000), ("iowait", 763600000))  # ns
HYPERVISOR_VERSION = 2
ARCH = "i686"
SECURITY_MODEL = "testSecurity"


class HostInfo(DomainsBase):
    """The calls about the connection and the node."""

    def connect_get_type(self) -> str:
        """`virConnectGetType`"""
        return "TEST"

    def connect_get_version(self) -> int:
        """`virConnectGetVersion`"""
        return HYPERVISOR_VERSION

    def connect_get_hostname(self) -> str:
        """`virConnectGetHostname`"""
        return platform.node() or "localhost"

    def connect_get_sysinfo(self, flags: int) -> str:
        """`virConnectGetSysinfo`"""
        check_flags(flags, 0, "testConnectGetSysinfo")
        return SYSINFO

    def connect_get_capabilities(self) -> str:
        """`virConnectGetCapabilities`"""
        root = Element("capabilities")
        host = root.add("host")
        features = Element("features")
        features.children = [Element("pae"), Element("nonpae")]
        cpu = host.add("cpu")
        cpu.add("arch", text=ARCH)
        cpu.children.append(features)
        for size in (4, 8, 2048, 1048576):
            cpu.add("pages", {"unit": "KiB", "size": str(size)})
        host.add("power_management")
        host.add("iommu", {"support": "no"})
        host.children.append(self._topology())
        secmodel = host.add("secmodel")
        secmodel.add("model", text=SECURITY_MODEL)
        secmodel.add("doi")
        for kind in ("hvm", "xen"):
            root.children.append(guest(kind, ARCH))
        return document.write(root)

    def _topology(self) -> Element:
        topology = Element("topology")
        cells = topology.add("cells", {"num": str(len(self.node.cells))})
        first = 0
        for number, cell in enumerate(self.node.cells):
            element = cells.add("cell", {"id": str(number)})
            element.add("memory", {"unit": "KiB"}, str(cell.memory))
            smallest = 8 if number == 1 else PAGE_SIZES[0]
            element.add("pages", {"unit": "KiB", "size": str(smallest)}, str(cell.memory // smallest))
            for size in PAGE_SIZES[1:]:
                element.add("pages", {"unit": "KiB", "size": str(size)}, "0")
            cpus = element.add("cpus", {"num": str(cell.cpus)})
            for cpu in range(first, first + cell.cpus):
                place = {"id": str(cpu), "socket_id": str(number), "die_id": "0", "core_id": str(cpu - first)}
                cpus.add("cpu", {**place, "siblings": str(cpu)})
            first += cell.cpus
        return topology

    def node_get_info(self) -> tuple[list[int], int, int, int, int, int, int, int]:
        """`virNodeGetInfo`"""
        node = self.node
        model = list(node.model.encode().ljust(32, b"\0"))
        return model, node.memory, node.cpus, node.mhz, node.nodes, node.sockets, node.cores, node.threads

    def node_get_cpu_stats(self, cpuNum: int, flags: int) -> Sequence[tuple[str, int]]:
        """`virNodeGetCPUStats`, in ns."""
        check_flags(flags, 0, "testNodeGetCPUStats")
        return CPU_STATS

    def node_get_free_memory(self) -> int:
        """`virNodeGetFreeMemory`; libvirt's test driver tells KiB where bytes are meant, and its users know it so."""
        return sum(cell.free for cell in self.node.cells)

    def node_get_cells_free_memory(self, startCell: int, maxcells: int) -> list[int]:
        """`virNodeGetCellsFreeMemory`; libvirt's test driver tells the cells' sizes, in KiB."""
        if startCell >= len(self.node.cells):
            raise VirtError(ErrorCode.INVALID_ARG, "Range exceeds available cells")
        return [cell.memory for cell in self.node.cells[startCell : startCell + maxcells]]

    def node_get_free_pages(
        self,
        pages: Sequence[int],
        startCell: int,
        cellCount: int,
        flags: int,
    ) -> list[int]:
        """`virNodeGetFreePages`: libvirt's test driver says that it has counted none, which its daemon takes ill."""
        check_flags(flags, 0, "testNodeGetFreePages")
        detail = "Library function returned error but did not set virError"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.RPC, verbatim=True)

    def node_get_cpu_map(self, flags: int) -> tuple[bytes, int, int]:
        """`virNodeGetCPUMap`: eight processors, three of them there."""
        check_flags(flags, 0, "testNodeGetCPUMap")
        return b"\x15", 3, 8

    def node_get_security_model(self) -> tuple[list[int], list[int]]:
        """`virNodeGetSecurityModel`"""
        return list(SECURITY_MODEL.encode() + b"\0"), [0]


def guest(kind: str, arch: str) -> Element:
    """The kind of guest that the host can run."""
    element = Element("guest")
    element.add("os_type", text=kind)
    machine = element.add("arch", {"name": arch})
    machine.add("wordsize", text="32")
    machine.add("emulator", text="/usr/bin/test-hv")
    machine.add("domain", {"type": "test"})
    features = element.add("features")
    features.children = [Element("pae"), Element("nonpae")]
    return element


SYSINFO = """<sysinfo type='smbios'>
  <bios>
    <entry name='vendor'>LENOVO</entry>
    <entry name='version'>G4ETA1WW (2.61 )</entry>
    <entry name='date'>05/07/2014</entry>
    <entry name='release'>2.61</entry>
  </bios>
</sysinfo>
"""
