"""The plugin: what it declares."""

from __future__ import annotations

from virtloom.driver import API_VERSION, DriverDeclaration, DriverHost, DriverKind, hookimpl
from virtloom_secret.driver import SECRET, Secrets

VERSION = "0.1.0"


@hookimpl
def virtloom_declare() -> DriverDeclaration:
    """See `virtloom.driver.hookspecs`."""
    return DriverDeclaration(
        "secret", VERSION, API_VERSION, DriverKind.SECRET, schemes=("secret",), object_types=(SECRET,)
    )


@hookimpl
def virtloom_start(host: DriverHost) -> Secrets:
    """See `virtloom.driver.hookspecs`."""
    return Secrets(host)
