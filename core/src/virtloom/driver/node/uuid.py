"""The host's own uuid: its firmware's where that is usable, its machine id otherwise (`virGetHostUUID`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from uuid import UUID, uuid4

from virtloom.driver.node.kernel import text

FIRMWARE = (Path("/sys/class/dmi/id/product_uuid"), Path("/sys/devices/virtual/dmi/id/product_uuid"))
MACHINE = Path("/etc/machine-id")


@cache
def host_uuid() -> str:
    """The uuid; one made up for this run of the daemon if the host has none."""
    for path in (*FIRMWARE, MACHINE):
        try:
            found = UUID(text(path))
        except ValueError:
            continue
        if len(set(found.hex)) > 1:  # firmware that was never given one says the same digit everywhere
            return str(found)
    return str(uuid4())
