"""The plugin: what it declares, and how it starts."""

from __future__ import annotations

from virtloom.driver import API_VERSION, DriverDeclaration, DriverHost, DriverKind, hookimpl
from virtloom_qemu import object_types
from virtloom_qemu.driver import QemuDriver

VERSION = "0.1.0"


@hookimpl
def virtloom_declare() -> DriverDeclaration:
    """See `virtloom.driver.hookspecs`."""
    return DriverDeclaration(
        "qemu",
        VERSION,
        API_VERSION,
        DriverKind.HYPERVISOR,
        schemes=("qemu",),
        object_types=object_types.ALL,
    )


@hookimpl
def virtloom_start(host: DriverHost) -> QemuDriver:
    """See `virtloom.driver.hookspecs`."""
    return QemuDriver(host)
