"""A recorded real host: what `virtloom record` wrote of one, and the played host that answers with it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from virtloom.driver.flags import check_flags
from virtloom.errors import ErrorCode, VirtError, no_support, system_error
from virtloom_test.hosts.info import HostInfo

NODE_FIELDS = ("model", "memory", "cpus", "mhz", "nodes", "sockets", "cores", "threads")


@dataclass(frozen=True)
class HostRecord:
    """What a host said of itself.

    :ivar node: the fields of `virNodeInfo`, in its order.
    :ivar devices: the documents of its node devices; :ivar cpu_models: names by architecture.
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


def read_record(path: Path) -> HostRecord:
    """The record in a file.

    :raises VirtError: SYSTEM_ERROR if it cannot be read, XML_ERROR if it is none.
    """
    try:
        found = tomllib.loads(path.read_text())
        hardware = found.pop("node")
        node = tuple(hardware[field] for field in NODE_FIELDS)
        devices = tuple(found.pop("devices", ()))
        return HostRecord(node=node, devices=devices, **found)
    except OSError as error:
        raise system_error(error, f"failed to open file '{path}'") from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
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

    @staticmethod
    def _known(text: str, function: str) -> str:
        if not text:
            raise no_support(function)
        return text
