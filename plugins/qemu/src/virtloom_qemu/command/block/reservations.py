"""Persistent reservations of SCSI disks, which a program beside QEMU asks the kernel for (`pr-manager-helper`).

One that is managed is the guest's own and serves all its disks; others are somebody else's, each named by its socket.
"""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.command.block.image import Image, image_of
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.line import CommandLine
from virtloom_qemu.command.values import text_of
from virtloom_qemu.definition.guest import Guest

MANAGED = "pr-helper0"  # what QEMU knows the guest's own by (`qemuDomainGetManagedPRAlias`)
KIND = "pr-manager-helper"


def manager_of(image: Image) -> str | None:
    """What QEMU knows the manager of an image's reservations by; None if it has none."""
    node = image.source.find("reservations")
    if node is None:
        return None
    return MANAGED if node.get("managed") == "yes" else f"pr-helper-{image.storage_node}"


def is_managed(disk: Node) -> bool:
    """Whether a disk has an image whose reservations the guest's own program asks for."""
    image = image_of(disk)
    return image is not None and any(manager_of(one) == MANAGED for one in image.chain())


def socket_name() -> str:
    """What the guest's own program is met at in the run's folder."""
    return f"{MANAGED}.sock"


def add_own_manager(guest: Guest, context: Context, line: CommandLine) -> None:
    """The guest's own program, if a disk needs it."""
    if any(map(is_managed, guest.all("disk"))):
        folder = context.folder(text_of(guest.root, "name") or "")
        line.object(KIND, MANAGED, {"path": f"{folder}/{socket_name()}"})


def add_managers(line: CommandLine, image: Image) -> None:
    """Programs of others that a disk's images name."""
    for one in image.chain():
        name = manager_of(one)
        if name is not None and name != MANAGED:
            line.object(KIND, name, {"path": one.source.value("reservations/source", "path")})
