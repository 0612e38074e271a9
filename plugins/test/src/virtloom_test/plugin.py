"""The plugin: what it declares, and how it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtloom.driver import API_VERSION, DriverDeclaration, DriverHost, DriverKind, hookimpl
from virtloom_test import object_types
from virtloom_test.options import CONFIG

if TYPE_CHECKING:
    from virtloom_test.driver import TestDriver

VERSION = "0.1.0"


@hookimpl
def virtloom_declare() -> DriverDeclaration:
    """See `virtloom.driver.hookspecs`."""
    return DriverDeclaration(
        "test",
        VERSION,
        API_VERSION,
        DriverKind.HYPERVISOR,
        schemes=("test",),
        object_types=object_types.ALL,
        config=CONFIG,
        default_uris=("test:///default",),
        default_rank=90,
        shares_resources=False,  # its hosts are played: nothing of this one belongs to them
    )


@hookimpl
def virtloom_start(host: DriverHost) -> TestDriver:
    """See `virtloom.driver.hookspecs`."""
    from virtloom_test.driver import TestDriver

    return TestDriver(host)
