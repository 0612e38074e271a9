"""A drive whose guest shuts the tray while its medium is changed, as one that boots may."""

from __future__ import annotations

from typing import Any

import pytest

from virtloom.errors import VirtError
from virtloom_qemu.domains.plugging.media import with_open_tray
from virtloom_qemu.monitor import CommandFailed

INSERT = "blockdev-insert-medium"


class Drive:
    """A guest's monitor, with a drive in the guest that shuts so many times."""

    def __init__(self, shuts: int) -> None:
        self.shuts = shuts
        self.opened = 0
        self.medium: str | None = None

    def ask(self, command: str, **arguments: Any) -> Any:
        if command == "query-block":
            return [{"qdev": "ide0-0-0", "tray_open": self.opened >= self.shuts}]
        if command == "blockdev-open-tray":
            self.opened += 1
        elif self.opened < self.shuts:
            raise CommandFailed(command, "GenericError", "Tray of the device is not open")
        else:
            self.medium = arguments["node_name"]
        return {}


def insert(drive: Drive) -> None:
    told: Any = drive
    with_open_tray(told, "ide0-0-0", "hdc", INSERT, force=True, node_name="new")


@pytest.mark.parametrize("shuts", [0, 1, 2])
def test_a_tray_that_the_guest_shut_is_opened_again(shuts: int) -> None:
    drive = Drive(shuts)
    insert(drive)
    assert (drive.medium, drive.opened) == ("new", shuts)


def test_one_that_it_shuts_each_time_is_an_error() -> None:
    drive = Drive(shuts=3)
    with pytest.raises(VirtError, match="is not open"):
        insert(drive)
    assert drive.medium is None
