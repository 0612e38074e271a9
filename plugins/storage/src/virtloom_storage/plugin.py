"""The plugin: what it declares, and how it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtloom.driver import API_VERSION, ConfigKey, DriverDeclaration, DriverHost, DriverKind, hookimpl
from virtloom_storage import object_types

if TYPE_CHECKING:
    from virtloom_storage.driver import HostStorage

VERSION = "0.1.0"

CONFIG = (
    ConfigKey("io_deadline", 30.0, "seconds for a pool's storage to answer before a call on it fails"),
    ConfigKey("query_deadline", 2.0, "seconds for a query to wait for fresh figures before it tells the last known"),
    ConfigKey("probe_deadline", 10.0, "seconds that qemu-img may take to look at one image"),
    ConfigKey("io_threads", 4, "threads that touch one pool's storage at a time"),
)


@hookimpl
def virtloom_declare() -> DriverDeclaration:
    """See `virtloom.driver.hookspecs`."""
    return DriverDeclaration(
        "storage",
        VERSION,
        API_VERSION,
        DriverKind.STORAGE,
        schemes=("storage",),
        object_types=object_types.ALL,
        config=CONFIG,
    )


@hookimpl
def virtloom_start(host: DriverHost) -> HostStorage:
    """See `virtloom.driver.hookspecs`."""
    from virtloom_storage.driver import HostStorage

    driver = HostStorage(host)
    driver.recover()
    return driver
