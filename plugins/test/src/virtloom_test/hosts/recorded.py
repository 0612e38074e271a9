"""A recorded real host: what `virtloom record` wrote of one, and the played host that answers with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from virtloom.driver.flags import check_flags
from virtloom.driver.node.cpu_models import model_names
from virtloom.driver.node.cpumaps import cpu_map
from virtloom.errors import ErrorCode, VirtError, no_support, system_error
from virtloom_test.hosts.info import HostInfo

NODE_FIELDS = ("model", "memory", "cpus", "mhz", "nodes", "sockets", "cores", "threads")


@dataclass(frozen=True)
class HostRecord:
    """What a host said of itself.

    :ivar node: the fields of `virNodeInfo`, in its order.
    :ivar devices: the documents of its node devices; :ivar cpu_models: names by architecture.
    :ivar free_memory: in bytes, of the whole host; :ivar cells_free: of each NUMA cell.
    """

    type: str
    version: int
    hostname: str
    capabilities: str
    node: tuple[Any, ...]
    domain_capabilities: str = ""
    sysinfo: str = ""
    devices: tuple[str, ...] = ()
    cpu_models: dict[str, list[str]] | None = None
    free_memory: int | None = None
    cells_free: tuple[int, ...] = ()
    security_model: str = ""


def read_record(path: Path) -> HostRecord:
    """The record in a file.

    :raises VirtError: SYSTEM_ERROR if it cannot be read, XML_ERROR if it is none.
    """
    import tomllib  # for recorded hosts alone

    try:
        found = tomllib.loads(path.read_text())
        hardware = found.pop("node")
        node = tuple(hardware[field] for field in NODE_FIELDS)
        devices = tuple(found.pop("devices", ()))
        return HostRecord(node=node, devices=devices, **found)
    except OSError as error:
        raise system_error(error, f"failed to open file '{path}'") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise VirtError(ErrorCode.XML_ERROR, f"'{path}' is no recorded host: {error}") from error


class RecordedInfo(HostInfo):
    """The calls about the host, answered from its record."""

    record: HostRecord

    def connect_get_type(self) -> str:
        """`virConnectGetType`"""
        return self.record.type

    def connect_get_version(self) -> int:
        """`virConnectGetVersion`"""
        return self.record.version

    def connect_get_hostname(self) -> str:
        """`virConnectGetHostname`"""
        return self.record.hostname

    def connect_get_capabilities(self) -> str:
        """`virConnectGetCapabilities`"""
        return self.record.capabilities

    def connect_get_sysinfo(self, flags: int) -> str:
        """`virConnectGetSysinfo`"""
        check_flags(flags, 0, "testConnectGetSysinfo")
        return self._known(self.record.sysinfo, "virConnectGetSysinfo")

    def connect_get_domain_capabilities(
        self, emulatorbin: str | None, arch: str | None, machine: str | None, virttype: str | None, flags: int
    ) -> str:
        """`virConnectGetDomainCapabilities`: those that were recorded, whatever is asked for."""
        return self._known(self.record.domain_capabilities, "virConnectGetDomainCapabilities")

    def node_get_info(self) -> tuple[list[int], int, int, int, int, int, int, int]:
        """`virNodeGetInfo`"""
        model, *numbers = self.record.node
        memory, cpus, mhz, nodes, sockets, cores, threads = numbers
        return list(model.encode()[:31].ljust(32, b"\0")), memory, cpus, mhz, nodes, sockets, cores, threads

    def node_get_free_memory(self) -> int:
        """`virNodeGetFreeMemory`, in bytes"""
        if self.record.free_memory is None:
            raise no_support("virNodeGetFreeMemory")
        return self.record.free_memory

    def node_get_cells_free_memory(self, startCell: int, maxcells: int) -> list[int]:
        """`virNodeGetCellsFreeMemory`, in bytes"""
        cells = self.record.cells_free
        if startCell >= len(cells):
            detail = f"start cell {startCell} out of range (0-{max(0, len(cells) - 1)})"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail)
        return list(cells[startCell : startCell + maxcells])

    def node_get_cpu_map(self, flags: int) -> tuple[bytes, int, int]:
        """`virNodeGetCPUMap`: all that were there are online."""
        check_flags(flags, 0, "testNodeGetCPUMap")
        cpus = self.record.node[2]
        return cpu_map(range(cpus)), cpus, cpus

    def node_get_security_model(self) -> tuple[list[int], list[int]]:
        """`virNodeGetSecurityModel`"""
        return [*self.record.security_model.encode(), 0], [0]

    def connect_get_cpu_model_names(self, arch: str, flags: int) -> list[str]:
        """`virConnectGetCPUModelNames`"""
        check_flags(flags, 0, "testConnectGetCPUModelNames")
        known = self.record.cpu_models or {}
        return known[arch] if arch in known else model_names(arch)

    @staticmethod
    def _known(text: str, function: str) -> str:
        if not text:
            raise no_support(function)
        return text
