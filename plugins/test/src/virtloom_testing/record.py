"""`virtloom record URI -o host.toml`: what a real host says of itself, for the test driver to say again."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from virtloom.client.connection import Connection, connect
from virtloom.errors import VirtError

NODE_FIELDS = ("memory", "cpus", "mhz", "nodes", "sockets", "cores", "threads")
ARCHES = ("x86_64", "i686", "aarch64")


def add_commands(commands: Any) -> None:
    """Add `record`."""
    record = commands.add_parser("record", help="write down what a real host says of itself, to be played")
    record.add_argument(
        "uri", help="any libvirt daemon's, such as qemu+unix:///system?socket=/run/libvirt/libvirt-sock"
    )
    record.add_argument("--output", "-o", type=Path, required=True, metavar="FILE", help="the TOML file to write")
    record.set_defaults(run=write_record)


def write_record(options: argparse.Namespace) -> None:
    """Record a host."""
    with connect(options.uri, path=options.socket) as connection:
        found = record_of(connection)
    options.output.write_text(tomli_w.dumps(found, multiline_strings=True))
    print(f"wrote {options.output}: {found['hostname']}, {found['type']}, {len(found.get('devices', []))} devices")


def record_of(connection: Connection) -> dict[str, Any]:
    """What the host of a connection says; what its driver does not support is left out."""
    info = connection.node_get_info()
    found: dict[str, Any] = {
        "type": connection.connect_get_type().type,
        "version": connection.connect_get_version().hv_ver,
        "hostname": connection.connect_get_hostname().hostname,
        "capabilities": connection.connect_get_capabilities().capabilities,
        "node": {"model": _text(info.model), **{field: getattr(info, field) for field in NODE_FIELDS}},
    }
    optional: dict[str, Callable[[], Any]] = {
        "domain_capabilities": lambda: (
            connection.connect_get_domain_capabilities(None, None, None, None, 0).capabilities
        ),
        "free_memory": lambda: connection.node_get_free_memory().freeMem,
        "cells_free": lambda: connection.node_get_cells_free_memory(0, max(1, info.nodes)).cells,
        "security_model": lambda: _text(connection.node_get_security_model().model),
        "sysinfo": lambda: connection.connect_get_sysinfo(0).sysinfo,
        "devices": lambda: _devices(connection),
        "cpu_models": lambda: {arch: connection.connect_get_cpu_model_names(arch, 1, 0).models for arch in ARCHES},
    }
    for name, ask in optional.items():
        try:
            found[name] = ask()
        except VirtError:
            continue
    return found


def _text(chars: Sequence[int]) -> str:
    """An array of C's characters as a text."""
    return bytes(byte & 0xFF for byte in chars).partition(b"\0")[0].decode(errors="replace")


def _devices(connection: Connection) -> list[str]:
    listed = connection.connect_list_all_node_devices(1, 0).devices
    return [connection.node_device_get_xml_desc(device.name, 0).xml for device in listed]
